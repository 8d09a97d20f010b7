import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import {
  forgetUnit,
  noteUnit,
  type RunningUnit,
  runningUnit,
  runningUnitNames,
} from "../../src/state/running-units.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-units-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

test.each<RunningUnit>([
  { kind: "container", id: "0a" },
  { kind: "container", id: "0a", pod: "shop-pod.service" },
  { kind: "container", id: "0a", stopTimeout: 10 },
  { kind: "container", id: "0a", stopTimeout: -1, stopSignal: 3 },
  { kind: "container", id: "0a", pod: "shop-pod.service", stopTimeout: 10, stopSignal: 37 },
  { kind: "pod", id: "0a", name: "shop" },
])("%j is noted as it is", (running) => {
  noteUnit(scope, "web.service", running);
  expect(runningUnit(scope, "web.service")).toEqual(running);
  expect(runningUnitNames(scope)).toEqual(["web.service"]);
});

test("a later run's note takes the place of an earlier one's, and goes with its own run", () => {
  noteUnit(scope, "web.service", { kind: "container", id: "0a" });
  noteUnit(scope, "web.service", { kind: "container", id: "0b" });
  forgetUnit(scope, "web.service", "0a");
  expect(runningUnit(scope, "web.service")).toEqual({ kind: "container", id: "0b" });
  forgetUnit(scope, "web.service", "0b");
  expect(runningUnit(scope, "web.service")).toBeUndefined();
  expect(runningUnitNames(scope)).toEqual([]);
});

test("where nothing has ever run there is no note", () => {
  expect(runningUnitNames(scope)).toEqual([]);
  expect(runningUnit(scope, "web.service")).toBeUndefined();
  forgetUnit(scope, "web.service", "0a");
});
