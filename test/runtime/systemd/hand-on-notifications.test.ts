import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handOnNotifications, type NotificationRelay } from "../../../src/runtime/systemd/hand-on-notifications.ts";
import { receiveDatagram, sendMessage } from "../../../src/system/datagram.ts";
import { notifySocket } from "../../system/notify-socket.ts";

/** What is handed on gets another sender, which is root's to do. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;

const path = (name: string) => join(root, name);
let root: string;
let said: number;
let heard: number;
let payload: Bun.Subprocess;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-notifications-"));
  [said, heard] = [notifySocket(path("said")), notifySocket(path("heard"))];
  payload = Bun.spawn(["sleep", "1000"]);
});
afterEach(() => {
  payload.kill();
  for (const socket of [said, heard]) closeSync(socket);
  rmSync(root, { recursive: true });
});

/** Says something to the relay, and returns what systemd hears of it: text and sender. */
async function heardOf(message: string, given: Partial<NotificationRelay> = {}): Promise<unknown> {
  sendMessage(path("said"), Buffer.from(message), {});
  await handOnNotifications({
    socket: said,
    systemd: path("heard"),
    payload: () => payload.pid,
    processOf: () => undefined,
    isOf: () => true,
    ...given,
  });
  const datagram = receiveDatagram(heard, 4096);
  return datagram === undefined ? undefined : { text: datagram.payload.toString(), sender: datagram.sender };
}

const NOBODY = { uid: 65534, gid: 65534 };

rootTest("a notification comes from the process that sent it, but never from root", async () => {
  const sender = { pid: process.pid, ...NOBODY };
  expect(await heardOf("READY=1\nMAINPID=1")).toEqual({ text: "READY=1", sender });
});

rootTest("one whose sender is a stranger by now comes from the container's first process", async () => {
  const sender = { pid: payload.pid, ...NOBODY };
  expect(await heardOf("WATCHDOG=trigger", { isOf: () => false })).toEqual({ text: "WATCHDOG=trigger", sender });
});

rootTest("one of an earlier run, or when nothing runs, is not handed on", async () => {
  let runs = 0;
  const restarted = () => (runs++ === 0 ? process.pid : payload.pid);
  expect(await heardOf("STOPPING=1", { payload: restarted, isOf: () => false })).toBeUndefined();
  expect(await heardOf("STOPPING=1", { payload: () => undefined })).toBeUndefined();
});
