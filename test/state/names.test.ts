import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { claimName, idOfName, releaseName } from "../../src/state/names.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-names-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a name is one container's, until that gives it up", () => {
  expect(idOfName(scope, "web")).toBeUndefined();
  expect(claimName(scope, "web", "0a")).toBe(true);
  expect(claimName(scope, "web", "0b")).toBe(false);
  expect(idOfName(scope, "web")).toBe("0a");
  releaseName(scope, "web", "0b");
  expect(idOfName(scope, "web")).toBe("0a");
  releaseName(scope, "web", "0a");
  releaseName(scope, "web", "0a");
  expect(claimName(scope, "web", "0b")).toBe(true);
});

test.each([".", "..", "", "x".repeat(300)])("%j is no container's name", (word) => {
  claimName(scope, "web", "0a");
  expect(idOfName(scope, word)).toBeUndefined();
});
