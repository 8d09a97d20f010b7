import { expect } from "bun:test";
import { join } from "node:path";
import { hostTest } from "./lane.ts";

hostTest("the demo's story comes true", async () => {
  const demo = Bun.spawn([process.execPath, join(import.meta.dir, "../../scripts/demo.ts")], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, exitCode] = await Promise.all([demo.stdout.text(), demo.stderr.text(), demo.exited]);
  expect({ exitCode, tail: exitCode === 0 ? "" : `${out}${err}`.slice(-2000) }).toEqual({ exitCode: 0, tail: "" });
  expect(out).toContain("hello from berth");
});
