import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { containerFacts, isContainerAlive, payloadPid, runningPayloadPid } from "../../src/state/liveness.ts";
import { containerPaths } from "../../src/state/paths.ts";
import { identify } from "../../src/system/process-identity.ts";
import { containerRecord } from "./records.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-liveness-"));
  scope = systemScope(root);
  mkdirSync(containerPaths(scope, containerRecord().id).bundle, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** This process's cgroup, so that it passes for a container's payload. */
const cgroup = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n").at(-1)?.split(":").at(-1) ?? "";
const record = containerRecord({ cgroup });
const writePid = (pid: string) => writeFileSync(containerPaths(scope, record.id).pidFile, pid);

test("a container has no payload before its start", () => {
  expect(payloadPid(scope, record)).toBeUndefined();
  expect(containerFacts(scope, record)).toEqual({ pid: undefined, started: false, frozen: false, launching: false });
  expect(isContainerAlive(scope, record)).toBe(false);
  expect(() => runningPayloadPid(scope, record)).toThrow(
    expect.objectContaining({ code: "no-such-container", message: "container web is not running" }),
  );
});

test("a container's payload is the process of its PID in its cgroup", () => {
  writePid(`${process.pid}`);
  expect(runningPayloadPid(scope, record)).toBe(process.pid);
  expect(containerFacts(scope, record)).toEqual({ pid: process.pid, started: true, frozen: false, launching: false });
  // The PID of one that has ended may be another's by now.
  expect(payloadPid(scope, containerRecord({ cgroup: "/of-another" }))).toBeUndefined();
  expect(containerFacts(scope, containerRecord({ cgroup: "/of-another" })).started).toBe(true);
});

test("a container whose launcher is alive is alive, whether or not it has a payload", () => {
  const launcher = identify(process.pid);
  if (launcher === undefined) throw new Error("no /proc");
  expect(isContainerAlive(scope, { ...record, launcher })).toBe(true);
  expect(containerFacts(scope, { ...record, launcher }).launching).toBe(true);
  expect(isContainerAlive(scope, { ...record, launcher: { ...launcher, startTime: "1" } })).toBe(false);
});

test.each(["", "x", "0", "-1", "1.5"])("%j is no payload's PID", (pid) => {
  writePid(pid);
  expect(payloadPid(scope, record)).toBeUndefined();
});
