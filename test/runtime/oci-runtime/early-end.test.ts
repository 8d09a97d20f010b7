import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Arranges for a cleanup, tells of it, and ends when its input does. */
const RUN = `
  const [source, bundle, ...command] = process.argv.slice(1);
  const { cleanUpIfRefused } = await import(source);
  cleanUpIfRefused(bundle, command, { WORD: "given" });
  process.stdout.write("ready");
  await Bun.stdin.text();`;

let root: string;
let bundle: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-early-"));
  bundle = join(root, "bundle");
  mkdirSync(bundle);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs the above, `before` its end, until all of its processes have ended. Returns what the cleanup has written. */
async function cleanedUp(before: () => void): Promise<string | undefined> {
  const note = join(root, "note");
  const source = join(import.meta.dir, "../../../src/runtime/oci-runtime/early-end.ts");
  const command = ["/bin/sh", "-c", `echo $WORD > ${note}`];
  const child = Bun.spawn([process.execPath, "-e", RUN, source, bundle, ...command], { stdin: "pipe", stdout: "pipe" });
  await child.stdout.getReader().read();
  before();
  child.stdin.end();
  await child.exited;
  const waits = () => Bun.spawnSync(["pgrep", "-f", `^/bin/sh -c trap.*${bundle}`]).stdout.length > 0;
  for (let look = 0; look < 200 && waits(); look++) await Bun.sleep(25);
  expect(waits()).toBe(false);
  return existsSync(note) ? readFileSync(note, "utf8") : undefined;
}

test("a run that ends before its container has a process is cleaned up after", async () => {
  expect(await cleanedUp(() => {})).toBe("given\n");
});

test("one with a process, or that has been cleaned up, is not", async () => {
  expect(await cleanedUp(() => writeFileSync(join(bundle, "pid"), "7"))).toBeUndefined();
  expect(await cleanedUp(() => rmSync(bundle, { recursive: true }))).toBeUndefined();
});
