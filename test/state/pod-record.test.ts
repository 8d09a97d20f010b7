import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { findPod, podPaths } from "../../src/state/pod-record.ts";
import { podRecord } from "./records.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-pods-"));
  scope = systemScope(root);
  for (const [name, unit, id] of [
    ["systemd-shop", "shop-pod.service", "0a11"],
    ["shop-pod", "other.service", "0a22"],
    ["web", "web-pod@one.service", "1b33"],
  ] as const) {
    const { record } = podPaths(scope, name);
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, JSON.stringify(podRecord({ name, unit, id })));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ["systemd-shop", "systemd-shop"],
  ["shop", "systemd-shop"],
  ["shop-pod.service", "systemd-shop"],
  // A name counts before a service.
  ["shop-pod", "shop-pod"],
  ["web-pod@one", "web"],
  ["0a1", "systemd-shop"],
  ["1", "web"],
])("%s means the pod %s", (word, name) => {
  expect(findPod(scope, word).name).toBe(name);
});

test.each([
  ["none", "no pod none is running"],
  ["", "no pod  is running"],
  ["../pods/web", "no pod ../pods/web is running"],
  ["0a", "the ID 0a fits 2 pods"],
])("%j means no pod: %s", (word, message) => {
  expect(() => findPod(scope, word)).toThrow(message);
});
