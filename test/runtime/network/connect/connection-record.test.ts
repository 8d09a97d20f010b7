import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConnectionRecord,
  hasConnection,
  listOwners,
  readConnection,
  readConnectionIfSound,
  surveyConnections,
  writeConnection,
} from "../../../../src/runtime/network/connect/connection-record.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";
import { defaultNetwork } from "../../../../src/state/network-definition.ts";

const RECORD: ConnectionRecord = {
  owner: "0123",
  name: "web",
  networks: ["berth"],
  ports: [{ hostIp: "", hostPort: 80, containerPort: 8080, range: 1, protocol: "tcp" }],
  request: {
    container_id: "0123",
    container_name: "web",
    port_mappings: [{ container_port: 8080, host_ip: "", host_port: 80, protocol: "tcp", range: 1 }],
    networks: { berth: { static_ips: ["10.87.0.2"], interface_name: "eth0", aliases: [] } },
    network_info: { berth: defaultNetwork() },
  },
  given: { berth: { subnets: [{ ipnet: "192.0.2.2/24" }], nameServers: [], searchDomains: [] } },
  members: { "4567": ["db"] },
};

let root: string;
let scope: Scope;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-connections-"));
  scope = systemScope(root);
  path = join(scope.runtimeDir, "network-setups/0123.json");
});
afterEach(() => rmSync(root, { recursive: true }));

test("a record is read as it was written, whether or not addresses are taken yet", () => {
  writeConnection(scope, RECORD);
  expect(readConnection(scope, "0123")).toEqual(RECORD);
  const early: ConnectionRecord = { owner: "4567", name: "db", networks: [], ports: [], request: undefined };
  writeConnection(scope, early);
  expect(readConnection(scope, "4567")).toEqual(early);
  expect(surveyConnections(scope)).toMatchObject({ records: [{}, {}], unread: [] });
});

test.each([
  ["owner", undefined],
  ["name", 1],
  ["networks", "berth"],
  ["ports", undefined],
  ["ports", [{ ...RECORD.ports[0], protocol: "icmp" }]],
  ["request", {}],
  ["request", { ...RECORD.request, networks: { berth: {} } }],
  ["request", { ...RECORD.request, network_info: { berth: { name: "berth" } } }],
  ["ending", "yes"],
  ["given", { berth: {} }],
  ["members", { "4567": "db" }],
])("a record whose %s is %j is an error: nobody knows what it has", (member, value) => {
  writeConnection(scope, RECORD);
  writeFileSync(path, JSON.stringify({ ...RECORD, [member]: value }));
  expect(() => readConnection(scope, "0123")).toThrow("the record of the connection of 0123 cannot be read");
});

test("a connection of a newer berth is an error of one sentence", () => {
  writeConnection(scope, RECORD);
  writeFileSync(path, JSON.stringify({ ...RECORD, version: 2 }));
  expect(() => readConnection(scope, "0123")).toThrow(
    "the connection of web was made by a newer berth (record version 2): install that berth again, or a newer one",
  );
});

test("a record that cannot be read hides none beside it, and is known by its owner", () => {
  writeConnection(scope, { ...RECORD, owner: "4567" });
  for (const damaged of ["", "[]", "{}", JSON.stringify({ ...RECORD, version: 2 })]) {
    writeFileSync(path, damaged);
    expect(surveyConnections(scope)).toMatchObject({ records: [{ owner: "4567" }], unread: [{ name: "StateError" }] });
    expect(hasConnection(scope, "0123")).toBe(true);
    expect(listOwners(scope).sort()).toEqual(["0123", "4567"]);
  }
  writeFileSync(path, "{");
  expect(readConnectionIfSound(scope, "0123")).toBeUndefined();
});
