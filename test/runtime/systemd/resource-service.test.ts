import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopResourceService } from "../../../src/runtime/systemd/resource-service.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";

let root: string;
let scope: Scope;
let note: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-resource-"));
  scope = systemScope(root);
  note = join(scope.runtimeDir, "makers/network-back");
  mkdirSync(join(scope.runtimeDir, "makers"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

test("a network that no service has made has none to stop", () => {
  expect(stopResourceService(scope, "network", "back", {})).toBeUndefined();
});

test("a service that removes its own network is not stopped by that, and is noted no longer", () => {
  writeFileSync(note, JSON.stringify({ unit: "back-network.service", run: "0123" }));
  expect(stopResourceService(scope, "network", "back", { INVOCATION_ID: "0123" })).toBeUndefined();
  expect(existsSync(note)).toBe(false);
});

test.each([
  ["{", "the record of the service of network back cannot be read"],
  ['{"version":2}', "the service of network back was started by a newer berth (record version 2): install that berth"],
])("of a note that cannot be read (%j) that is said, as the network is gone", (text, complaint) => {
  writeFileSync(note, text);
  expect(stopResourceService(scope, "network", "back", {})).toStartWith(complaint);
});
