import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  readRootlessNamespace,
  rootlessPaths,
  writeDnsServer,
  writePasta,
} from "../../../../src/runtime/network/users/rootless-record.ts";
import { type Scope, userScope } from "../../../../src/scope.ts";
import { identify } from "../../../../src/system/process-identity.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-rootless-"));
  scope = userScope(1000, { XDG_RUNTIME_DIR: root }, root);
  mkdirSync(rootlessPaths(scope).directory, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const ENDED = { pid: process.pid, startTime: "0" };
const alive = () => identify(process.pid) ?? ENDED;
const record = (pasta = ENDED) => ({ pasta, inode: 7, gateway: "192.0.2.1", resolvers: ["192.0.2.53"] });

test("there is no namespace before pasta has started, nor after both processes have ended", () => {
  expect(readRootlessNamespace(scope)).toBeUndefined();
  writePasta(scope, record());
  writeDnsServer(scope, ENDED);
  expect(readRootlessNamespace(scope)).toBeUndefined();
});

test("the namespace is entered by either process", () => {
  writePasta(scope, record(alive()));
  expect(readRootlessNamespace(scope)).toMatchObject({ ...record(alive()), dns: undefined });
  writePasta(scope, record());
  writeDnsServer(scope, alive());
  expect(readRootlessNamespace(scope)).toMatchObject({ inode: 7, pasta: undefined, dns: alive() });
});

test("records of a berth that knew no versions are read", () => {
  const { pasta, dns } = rootlessPaths(scope);
  writeFileSync(pasta, JSON.stringify({ pasta: ENDED, inode: 7, resolvers: [] }));
  writeFileSync(dns, JSON.stringify(alive()));
  expect(readRootlessNamespace(scope)).toMatchObject({ inode: 7, resolvers: [], dns: alive() });
});
