import { expect, test } from "bun:test";
import { join } from "node:path";

/** Runs in a process of its own, whose standard streams are exchanged. */
const SCRIPT = `
  import { fchmodSync, fchownSync, readSync, writeFileSync, writeSync } from "node:fs";
  import { keepNullDevice } from ${JSON.stringify(join(import.meta.dir, "../../../src/system/streams/null-device.ts"))};
  keepNullDevice();
  const codes = [0, 1].flatMap((fd) => [() => fchownSync(fd, 0, 0), () => fchmodSync(fd, 0o666)]).map((change) => {
    try { change(); return "changed"; } catch (error) { return error.code; }
  });
  const read = readSync(0, Buffer.alloc(1));
  const written = writeSync(1, "gone");
  process.stderr.write(JSON.stringify({ codes, read, written }));
`;

test.skipIf(process.getuid?.() !== 0)("/dev/null is read and written, and its owner and mode stay", () => {
  const child = Bun.spawnSync([process.execPath, "-e", SCRIPT], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const refused = ["EROFS", "EROFS", "EROFS", "EROFS"];
  expect(JSON.parse(child.stderr.toString())).toEqual({ codes: refused, read: 0, written: 4 });
});
