import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { defaultRuntime } from "../../src/state/default-runtime.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-settings-"));
});
afterEach(() => rmSync(top, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(top, name)), { recursive: true });
  writeFileSync(join(top, name), text);
}

const read = () => defaultRuntime({ configDirs: [join(top, "etc"), join(top, "usr")] });

test("without settings it is the first", async () => {
  expect(await read()).toBe("runc");
  write("etc/berth.conf", '[registry "registry.example"]\nInsecure=yes\n');
  expect(await read()).toBe("runc");
});

test("berth.conf names another, and what counts first decides", async () => {
  write("usr/berth.conf", "[runtime]\nRuntime=crun\n");
  expect(await read()).toBe("crun");
  write("etc/berth.conf", "# Slower, but known.\n[runtime]\nRuntime = runc\n");
  expect(await read()).toBe("runc");
  write("usr/berth.conf.d/50-fast.conf", "[runtime]\nRuntime=crun\n");
  expect(await read()).toBe("crun");
  write("etc/berth.conf.d/60-none.conf", "[runtime]\n");
  expect(await read()).toBe("crun");
});

test.each([
  ["[runtime]\nRuntime=/usr/bin/crun\n", "write crun"],
  ["[runtime]\nRuntime=runsc\n", "runc or crun"],
  ["[runtime]\nRuntime=\n", "runc or crun"],
  ["[runtime]\nRuntime=%i\n", "it has to be a name"],
  ["[runtime]\nruntime=crun\n", "has no key runtime, only Runtime="],
])("%j is refused, with the file's name", async (text, why) => {
  write("etc/berth.conf", text);
  const refused = read();
  expect(refused).rejects.toMatchObject({ code: "bad-settings" });
  expect(refused).rejects.toThrow(join(top, "etc/berth.conf"));
  expect(refused).rejects.toThrow(why);
});

test("a file that is none is refused: the administrator meant something by it", async () => {
  mkdirSync(join(top, "etc/berth.conf"), { recursive: true });
  expect(read()).rejects.toMatchObject({ code: "bad-settings" });
});
