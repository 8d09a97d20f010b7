import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OCI_RUNTIMES } from "../../../src/oci-runtimes.ts";
import { ociRuntime, ociRuntimes } from "../../../src/runtime/oci-runtime/choice.ts";
import type { OciRun } from "../../../src/runtime/oci-runtime/oci-runtime.ts";
import {
  deleteArguments,
  execArguments,
  programEnvironment,
  runArguments,
} from "../../../src/runtime/oci-runtime/program.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";

const RUN: OciRun = { id: "c1", bundle: "/b", pidFile: "/b/pid", preserveFds: 0, systemdCgroup: false };
const GLOBALS = ["--root", "/r", "--log", "/b/log"];
const FILES = ["--pid-file", "/b/pid", "--bundle", "/b", "c1"];

describe("the words to", () => {
  test.each(["run", "create"] as const)("%s a container", (command) => {
    expect(runArguments(GLOBALS, RUN, command)).toEqual([...GLOBALS, command, ...FILES]);
  });

  test("ask systemd for a scope come before the command", () => {
    const words = runArguments(GLOBALS, { ...RUN, systemdCgroup: true }, "run");
    expect(words).toEqual([...GLOBALS, "--systemd-cgroup", "run", ...FILES]);
  });

  test("hand over sockets come after the command", () => {
    const words = runArguments(GLOBALS, { ...RUN, preserveFds: 2 }, "create");
    expect(words).toEqual([...GLOBALS, "create", "--preserve-fds", "2", ...FILES]);
  });

  test("run one more process write no log: messages are for the caller", () => {
    expect(execArguments("/r", "c1", 7)).toEqual(["--root", "/r", "exec", "--process", "/proc/self/fd/7", "c1"]);
  });

  test("delete a container", () => {
    expect(deleteArguments(GLOBALS, "c1")).toEqual([...GLOBALS, "delete", "--force", "c1"]);
  });
});

test("the program sees nothing of the environment that it would act upon, nor secrets", () => {
  const { PATH, ...rest } = programEnvironment({
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

describe.each(OCI_RUNTIMES)("a container that %s knows", (name) => {
  let top: string;
  let scope: Scope;
  let state: string;
  let fifo: string;
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "berth-runtime-"));
    scope = systemScope(top);
    state = join(scope.runtimeDir, name, "c1");
    fifo = join(state, "exec.fifo");
    mkdirSync(state, { recursive: true });
  });
  afterEach(() => rmSync(top, { recursive: true }));

  test("is not waited for when its first process is gone", async () => {
    Bun.spawnSync(["mkfifo", fifo]);
    const child = Bun.spawn(["true"]);
    await child.exited;
    ociRuntime(scope, name).start("c1", child.pid);
    expect(existsSync(fifo)).toBe(false);
  });

  test("can be forgotten, and twice", () => {
    writeFileSync(join(state, "state.json"), "{}");
    const runtime = ociRuntime(scope, name);
    runtime.forget("c1");
    runtime.forget("c1");
    expect(existsSync(state)).toBe(false);
  });

  test("is forgotten whoever made it, and the others are left alone", () => {
    const other = join(scope.runtimeDir, name, "c2");
    mkdirSync(other);
    for (const runtime of ociRuntimes(scope)) runtime.forget("c1");
    expect([existsSync(state), existsSync(other)]).toEqual([false, true]);
  });

  test("goes on as its first process waits for it, and the fifo is gone", async () => {
    Bun.spawnSync(["mkfifo", fifo]);
    // runc's first process writes one byte once there is a reader; crun's has the fifo open, and reads one.
    const waits = { runc: `printf 0 > ${fifo}`, crun: `exec 3<> ${fifo}; echo open; head -c 1 <&3 > /dev/null` }[name];
    const child = Bun.spawn(["sh", "-c", `${waits}; echo started`], { stdout: "pipe" });
    const output = child.stdout.getReader();
    const read = async () => new TextDecoder().decode((await output.read()).value);
    if (name === "crun") expect(await read()).toBe("open\n");
    ociRuntime(scope, name).start("c1", child.pid);
    expect(await read()).toBe("started\n");
    expect(existsSync(fifo)).toBe(false);
  });
});

test("nothing is executed to delete what no runtime knows", () => {
  const nowhere = join(tmpdir(), "berth-runtime-nowhere");
  for (const runtime of ociRuntimes(systemScope(nowhere))) runtime.delete("c1", nowhere);
  expect(existsSync(nowhere)).toBe(false);
});
