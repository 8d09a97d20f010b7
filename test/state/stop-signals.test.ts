import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noteStopSignals, readStopSignals, stopSignalKey } from "../../src/state/stop-signals.ts";

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "berth-signals-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const known = () => [...readStopSignals({ stateDir })];

test("are noted by the image's full name, as numbers", () => {
  expect(known()).toEqual([]);
  noteStopSignals({ stateDir }, [
    ["registry.example/web", "SIGQUIT"],
    ["localhost/db:2", ""],
    ["registry.example/odd:1", "no signal"],
    ["web", "SIGINT"],
  ]);
  expect(known()).toEqual([
    ["registry.example/web:latest", 3],
    ["localhost/db:2", 15],
    ["registry.example/odd:1", 15],
  ]);
  noteStopSignals({ stateDir }, [
    ["registry.example/web:latest", "RTMIN+3"],
    ["localhost/db:2", undefined],
  ]);
  expect(known()).toEqual([
    ["registry.example/web:latest", 37],
    ["registry.example/odd:1", 15],
  ]);
});

test("are lost without harm where the file is damaged, or something else", () => {
  const path = join(stateDir, "stop-signals");
  writeFileSync(path, "registry.example/web:1 3\nhalf a line\nregistry.example/db:1 99\n\0\n");
  expect(known()).toEqual([["registry.example/web:1", 3]]);
  noteStopSignals({ stateDir }, [["registry.example/web:1", ""]]);
  expect(readFileSync(path, "utf8")).toBe("registry.example/web:1 15\n");
  rmSync(path);
  mkdirSync(path);
  expect(known()).toEqual([]);
  noteStopSignals({ stateDir }, [["registry.example/web:1", "SIGQUIT"]]);
  expect(known()).toEqual([]);
});

test.each([
  ["docker://registry.example/web", "registry.example/web:latest"],
  [`registry.example:5000/a/b:1@sha256:${"0".repeat(64)}`, `registry.example:5000/a/b@sha256:${"0".repeat(64)}`],
  ["web:1", undefined],
  ["registry.example/%i:1", undefined],
  ["oci-archive:/srv/web.tar", undefined],
  ["0".repeat(64), undefined],
])("of %s are under %p", (image, key) => {
  expect(stopSignalKey(image)).toBe(key);
});
