import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { receiveDatagram, sendDescriptor, sendMessage, waitReadable } from "../../src/system/datagram.ts";
import { notifySocket } from "./notify-socket.ts";

function withSocket(act: (socket: number, path: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), "berth-datagram-"));
  const socket = notifySocket(join(dir, "socket"));
  try {
    act(socket, join(dir, "socket"));
  } finally {
    closeSync(socket);
    rmSync(dir, { recursive: true });
  }
}

test("a datagram arrives with its sender and its descriptors", () => {
  withSocket((socket, path) => {
    expect(waitReadable(socket, 0)).toBe(false);
    expect(receiveDatagram(socket, 100)).toBeUndefined();
    const file = openSync("/dev/null", "r");
    sendDescriptor(path, "FDSTORE=1", file);
    expect(waitReadable(socket, 1000)).toBe(true);
    const datagram = receiveDatagram(socket, 100);
    expect(datagram?.payload.toString()).toBe("FDSTORE=1");
    expect(datagram?.sender).toEqual({
      pid: process.pid,
      uid: process.getuid?.() ?? -1,
      gid: process.getgid?.() ?? -1,
    });
    expect(datagram?.truncated).toBe(false);
    const [received = -1] = datagram?.fds ?? [];
    expect(fstatSync(received).rdev).toBe(fstatSync(file).rdev);
    closeSync(received);
    closeSync(file);
  });
});

test("a datagram that is too long says so", () => {
  withSocket((socket, path) => {
    sendMessage(path, Buffer.alloc(101), {});
    expect(receiveDatagram(socket, 100)).toMatchObject({ truncated: true });
    sendMessage(path, Buffer.alloc(0), {});
    expect(receiveDatagram(socket, 100)).toMatchObject({ truncated: false });
  });
});

test.skipIf(process.getuid?.() !== 0)("root sends in the name of a living process only", () => {
  withSocket((socket, path) => {
    const credentials = { pid: 1, uid: 65534, gid: 65534 };
    sendMessage(path, Buffer.from("READY=1"), { credentials });
    expect(receiveDatagram(socket, 100)?.sender).toEqual(credentials);
    const gone = spawnSync("true").pid;
    const send = () => sendMessage(path, Buffer.from("READY=1"), { credentials: { ...credentials, pid: gone } });
    expect(send).toThrow("ESRCH");
  });
});
