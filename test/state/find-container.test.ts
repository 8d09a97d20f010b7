import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { writeRecord } from "../../src/state/container-record.ts";
import { findContainer } from "../../src/state/find-container.ts";
import { claimName } from "../../src/state/names.ts";
import { containerPaths } from "../../src/state/paths.ts";
import { containerRecord } from "./records.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-find-"));
  scope = systemScope(root);
  for (const [name, unit, id] of [
    ["systemd-web", "web.service", "0a11"],
    ["db", "store.service", "0a22"],
    ["store", undefined, "1b33"],
  ] as const) {
    mkdirSync(containerPaths(scope, id).bundle, { recursive: true });
    writeRecord(scope, containerRecord({ id, name, unit }));
    claimName(scope, name, id);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ["systemd-web", "systemd-web"],
  ["web", "systemd-web"],
  ["web.service", "systemd-web"],
  ["store.service", "db"],
  // A name counts before a service.
  ["store", "store"],
  ["0a1", "systemd-web"],
  ["0a22", "db"],
  ["1", "store"],
])("%s means the container %s", (word, name) => {
  expect(findContainer(scope, word).name).toBe(name);
});

test.each([
  ["none", "no container none is running"],
  ["", "no container  is running"],
  ["../names/web", "no container ../names/web is running"],
  ["0a", "the ID 0a fits 2 containers"],
])("%j means no container: %s", (word, message) => {
  expect(() => findContainer(scope, word)).toThrow(expect.objectContaining({ code: "no-such-container", message }));
});
