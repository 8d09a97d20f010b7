import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_ENVIRONMENT, runCommand, runProgram } from "../../src/system/process.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];

test("a program's output is kept where it is asked for, its complaints always", () => {
  const script = "echo out; echo '  err ' >&2; exit 3";
  expect(runCommand(sh(script))).toEqual({ exitCode: 3, stdout: "", stderr: "err" });
  expect(runCommand(sh(script), { stdout: "pipe" })).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err" });
  expect(runCommand(sh(script), { stderr: "ignore" })).toEqual({ exitCode: 3, stdout: "", stderr: "" });
});

test("a program reads nothing, or the given text", () => {
  expect(runProgram("cat", [], { stdout: "pipe" }).stdout).toBe("");
  expect(runProgram("cat", [], { stdin: "täxt", stdout: "pipe" }).stdout).toBe("täxt");
});

test("a program writes to an open file, and has another one as file descriptor 3", () => {
  const folder = mkdtempSync(join(tmpdir(), "process-"));
  const fd = openSync(join(folder, "out"), "w");
  const file = openSync("/etc/passwd", "r");
  runCommand(sh("cat <&3"), { stdout: fd, file });
  closeSync(fd);
  closeSync(file);
  expect(readFileSync(join(folder, "out"), "utf8")).toBe(readFileSync("/etc/passwd", "utf8"));
  rmSync(folder, { recursive: true });
});

test("a program has the given environment and no other variable", () => {
  const { stdout } = runCommand(["/usr/bin/env"], { stdout: "pipe", env: PLAIN_ENVIRONMENT });
  expect(stdout).toBe("PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
});

test("a program that a signal or the time limit ended has no exit code", () => {
  expect(runCommand(sh("kill -9 $$")).exitCode).toBeNull();
  expect(runCommand(["/bin/sleep", "60"], { timeout: 10 }).exitCode).toBeNull();
});
