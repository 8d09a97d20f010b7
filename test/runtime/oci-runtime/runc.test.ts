import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OciRun } from "../../../src/runtime/oci-runtime/oci-runtime.ts";
import {
  deleteArguments,
  execArguments,
  Runc,
  runArguments,
  runcEnvironment,
} from "../../../src/runtime/oci-runtime/runc.ts";

const RUN: OciRun = { id: "c1", bundle: "/b", pidFile: "/b/pid", preserveFds: 0, systemdCgroup: false };
const GLOBAL = ["--root", "/r", "--log", "/b/runc.log", "--log-format", "json"];
const FILES = ["--pid-file", "/b/pid", "--bundle", "/b", "c1"];

describe("the words to", () => {
  test.each(["run", "create"] as const)("%s a container", (command) => {
    expect(runArguments("/r", RUN, command)).toEqual([...GLOBAL, command, ...FILES]);
  });

  test("ask systemd for a scope come before the command", () => {
    const words = runArguments("/r", { ...RUN, systemdCgroup: true }, "run");
    expect(words).toEqual([...GLOBAL, "--systemd-cgroup", "run", ...FILES]);
  });

  test("hand over sockets come after the command", () => {
    const words = runArguments("/r", { ...RUN, preserveFds: 2 }, "create");
    expect(words).toEqual([...GLOBAL, "create", "--preserve-fds", "2", ...FILES]);
  });

  test("run one more process write no log: messages are for the caller", () => {
    expect(execArguments("/r", "c1", 7)).toEqual(["--root", "/r", "exec", "--process", "/proc/self/fd/7", "c1"]);
  });

  test("delete a container", () => {
    expect(deleteArguments("/r", "c1", "/b")).toEqual([...GLOBAL, "delete", "--force", "c1"]);
  });
});

test("runc sees nothing of the environment that it would act upon, nor secrets", () => {
  const { PATH, ...rest } = runcEnvironment({
    NOTIFY_SOCKET: "/run/systemd/notify",
    LISTEN_FDS: "1",
    LISTEN_PID: "1",
    PATH: "/home/mallory/bin",
    TOKEN: "secret",
    XDG_RUNTIME_DIR: "/run/user/1000",
  });
  expect(rest).toEqual({ XDG_RUNTIME_DIR: "/run/user/1000" });
  expect(PATH).not.toContain("mallory");
});

describe("a container that runc knows", () => {
  let runtimeDir: string;
  let state: string;
  beforeEach(() => {
    runtimeDir = mkdtempSync(join(tmpdir(), "berth-runc-"));
    state = join(runtimeDir, "runc", "c1");
    mkdirSync(state, { recursive: true });
  });
  afterEach(() => rmSync(runtimeDir, { recursive: true }));

  test("is started by a reader of its fifo, which is then gone", async () => {
    const fifo = join(state, "exec.fifo");
    Bun.spawnSync(["mkfifo", fifo]);
    // runc's first process: it writes one byte once there is a reader.
    const child = Bun.spawn(["sh", "-c", `printf 0 > ${fifo}; echo started`], { stdout: "pipe" });
    new Runc({ runtimeDir }).start("c1", child.pid);
    expect(await new Response(child.stdout).text()).toBe("started\n");
    expect(existsSync(fifo)).toBe(false);
  });

  test("is not waited for when its first process is gone", async () => {
    Bun.spawnSync(["mkfifo", join(state, "exec.fifo")]);
    const child = Bun.spawn(["true"]);
    await child.exited;
    new Runc({ runtimeDir }).start("c1", child.pid);
    expect(existsSync(join(state, "exec.fifo"))).toBe(false);
  });

  test("can be forgotten, and twice", () => {
    writeFileSync(join(state, "state.json"), "{}");
    const runc = new Runc({ runtimeDir });
    runc.forget("c1");
    runc.forget("c1");
    expect(existsSync(state)).toBe(false);
  });
});

test("nothing is executed to delete what runc does not know", () => {
  const nowhere = join(tmpdir(), "berth-runc-nowhere");
  new Runc({ runtimeDir: nowhere }).delete("c1", nowhere);
  expect(existsSync(nowhere)).toBe(false);
});
