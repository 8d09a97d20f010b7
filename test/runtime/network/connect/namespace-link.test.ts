import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  linkNamespace,
  namespaceLink,
  namespaceLinkPid,
  removeNamespaceLink,
  retargetNamespaceLink,
} from "../../../../src/runtime/network/connect/namespace-link.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-link-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

test("a link leads to the namespace that this process has open, and to no process's", () => {
  const path = linkNamespace(scope, "owner", "/proc/7/fd/3");
  expect(readlinkSync(path)).toBe("/proc/7/fd/3");
  expect(namespaceLinkPid(scope, "owner")).toBeNaN();
});

test("a link follows its owner's payload, and leads nowhere without one", () => {
  linkNamespace(scope, "owner", "/proc/7/fd/3");
  retargetNamespaceLink(scope, "owner", 42);
  expect(namespaceLinkPid(scope, "owner")).toBe(42);
  retargetNamespaceLink(scope, "owner", undefined);
  expect(existsSync(namespaceLink(scope, "owner"))).toBe(false);
  expect(namespaceLinkPid(scope, "owner")).toBe(0);
});

test("an owner without a link gets none", () => {
  retargetNamespaceLink(scope, "owner", 42);
  expect(namespaceLinkPid(scope, "owner")).toBeUndefined();
});

test("a link is removed once", () => {
  linkNamespace(scope, "owner", "/proc/7/fd/3");
  removeNamespaceLink(scope, "owner");
  removeNamespaceLink(scope, "owner");
  expect(namespaceLinkPid(scope, "owner")).toBeUndefined();
});
