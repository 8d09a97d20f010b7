import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortMapping } from "../../../../src/options/requests/run-request.ts";
import {
  type ConnectionRecord,
  claim,
  listPublishers,
  removeConnection,
  writeConnection,
} from "../../../../src/runtime/network/connect/connection-record.ts";
import { formatClaim, listClaims, parseClaim } from "../../../../src/runtime/network/connect/port-claims.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";

let root: string;
let scope: Scope;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-claims-"));
  scope = systemScope(root);
  folder = join(scope.runtimeDir, "network-setups");
});
afterEach(() => rmSync(root, { recursive: true }));

const port = (hostPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  ...{ hostIp: "", hostPort, containerPort: 80, range: 1, protocol: "tcp" },
  ...more,
});
const record = (owner: string, ports: readonly PortMapping[]): ConnectionRecord => ({
  ...{ owner, name: `name-of-${owner}`, networks: ["berth"], ports, request: undefined },
});
const publish = (owner: string, ...ports: PortMapping[]) =>
  claim(
    scope,
    record(owner, ports),
    listPublishers(scope).filter((other) => other.owner !== owner),
  );
const published = () =>
  listPublishers(scope)
    .map(({ owner, name, ports }) => `${owner} ${name} ${ports.map(({ hostPort }) => hostPort).join()}`)
    .sort();

test("a claim is read as it was written", () => {
  for (const ports of [
    [port(80)],
    [port(80, { hostIp: "192.0.2.1", range: 10 }), port(53, { hostIp: "2001:db8::1", protocol: "udp" })],
    [port(65_535, { hostIp: "::", protocol: "sctp" })],
  ]) {
    const claimed = ports.map(({ containerPort, ...rest }) => rest);
    expect(parseClaim(formatClaim({ name: "web", ports }))).toEqual({ name: "web", ports: claimed });
  }
  for (const text of ["", "web", " tcp/80+1@", "web tcp/80", "web icmp/80+1@", "web tcp/80+1@ x", "web tcp/-1+1@"])
    expect(parseClaim(text)).toBeUndefined();
});

test("who publishes is known without the records of all", () => {
  publish("01", port(80));
  writeConnection(scope, record("02", []));
  publish("03", port(81), port(82));
  expect(published()).toEqual(["01 name-of-01 80", "03 name-of-03 81,82"]);
  for (const owner of ["01", "02", "03"]) writeFileSync(join(folder, `${owner}.json`), "{");
  expect(published()).toEqual(["01 name-of-01 80", "03 name-of-03 81,82"]);
  removeConnection(scope, "01");
  expect(published()).toEqual(["03 name-of-03 81,82"]);
  removeConnection(scope, "03");
  expect(listClaims(scope)).toEqual([]);
});

test("those of an older berth are known by their records, and with the first claim by claims, too", () => {
  writeConnection(scope, record("01", [port(80)]));
  writeConnection(scope, record("02", []));
  writeFileSync(join(folder, "04.json"), "{");
  // What a process has left that was killed meanwhile.
  mkdirSync(join(folder, ".published.new"), { recursive: true });
  symlinkSync("name tcp/1+1@", join(folder, ".published.new/05"));
  expect(listClaims(scope)).toBeUndefined();
  expect(published()).toEqual(["01 name-of-01 80"]);
  publish("03", port(81));
  expect(listClaims(scope)?.sort()).toEqual(["01", "03"]);
  expect(published()).toEqual(["01 name-of-01 80", "03 name-of-03 81"]);
});

test("where a claim is none, the record says what is published", () => {
  publish("01", port(80));
  const place = join(folder, ".published/01");
  for (const make of [
    () => writeFileSync(place, "name tcp/1+1@"),
    () => mkdirSync(place),
    () => symlinkSync("elsewhere", place),
    () => symlinkSync("name tcp/", place),
  ]) {
    rmSync(place, { recursive: true });
    make();
    expect(published()).toEqual(["01 name-of-01 80"]);
  }
  // So it does for more ports than a link can say.
  const many = Array.from({ length: 1000 }, (_, index) => port(10_000 + index));
  publish("02", ...many);
  expect(published()[1]).toEndWith(",10999");
  rmSync(join(folder, "02.json"));
  expect(published()).toEqual(["01 name-of-01 80"]);
});

test("a claim whose record is gone claims nothing, and a folder that is none is made anew", () => {
  publish("01", port(80));
  rmSync(join(folder, "01.json"));
  expect(published()).toEqual([]);
  rmSync(join(folder, ".published"), { recursive: true });
  writeFileSync(join(folder, ".published"), "");
  removeConnection(scope, "01");
  publish("02", port(80));
  expect(published()).toEqual(["02 name-of-02 80"]);
  expect(readdirSync(join(folder, ".published"))).toEqual(["02"]);
});
