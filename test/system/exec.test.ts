import { expect, test } from "bun:test";
import { join } from "node:path";

const EXEC = JSON.stringify(join(import.meta.dir, "../../src/system/exec.ts"));

/** What a program writes that a process becomes at the end of the script. */
function output(script: string): string {
  const before = `
    import { openSync } from "node:fs";
    import { execve, keepOverExec } from ${EXEC};`;
  return Bun.spawnSync([process.execPath, "-e", before + script], { stderr: "inherit" }).stdout.toString();
}

test("a process becomes another program with the given words and variables, and keeps its PID", () => {
  const script = `
    process.stdout.write(process.pid + " ");
    execve("/bin/sh", ["sh", "-c", 'echo $$ "$0" "$ONE" "$TWO" "$HOME"', "a b"], { ONE: "1 é", TWO: undefined });`;
  const [before, after, ...rest] = output(script).trim().split(" ");
  expect(after).toBe(before);
  expect(rest).toEqual(["a", "b", "1", "é"]);
});

test("an open file is closed by that, unless it is to be kept", () => {
  const script = (keep: string) => `
    const [kept, other] = [openSync("/etc/passwd", "r"), openSync("/etc/passwd", "r")];
    ${keep}
    const words = "test -e /proc/self/fd/" + kept + " && echo kept; test -e /proc/self/fd/" + other + " && echo other; :";
    execve("/bin/sh", ["sh", "-c", words], {});`;
  expect(output(script("keepOverExec(kept);"))).toBe("kept\n");
  expect(output(script(""))).toBe("");
});
