import { expect, test } from "bun:test";
import { SystemError } from "../../src/system/error.ts";
import { findProgram } from "../../src/system/programs.ts";

test("a program is found in the system's folders, whatever PATH says", () => {
  const before = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    expect(findProgram("cat")).toMatch(/^\/(usr\/)?bin\/cat$/);
  } finally {
    process.env.PATH = before;
  }
});

test("a program that is missing is named with its package", () => {
  const script = `
    import { mock } from "bun:test";
    mock.module("node:fs", () => ({ existsSync: () => false }));
    const { findProgram } = await import(${JSON.stringify(require.resolve("../../src/system/programs.ts"))});
    try { findProgram("pasta"); } catch ({ name, code, message }) { process.stdout.write([name, code, message].join("|")); }`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", script], { stderr: "inherit" });
  expect(stdout.toString()).toBe("SystemError|missing-program|pasta is not installed (Debian package passt)");
  expect(new SystemError("missing-program", "x").errno).toBeUndefined();
});
