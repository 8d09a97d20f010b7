import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scope, systemScope } from "../../src/scope.ts";
import { defaultNetwork, type NetworkDefinition } from "../../src/state/network-definition.ts";
import {
  beginRemoval,
  definitionsDir,
  findDefinition,
  findNetwork,
  finishRemoval,
  listRemovals,
  readDefinition,
  surveyDefinitions,
  writeDefinition,
} from "../../src/state/network-definitions.ts";

let root: string;
let scope: Scope;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-networks-"));
  scope = systemScope(root);
  mkdirSync(definitionsDir(scope), { recursive: true });
  path = join(definitionsDir(scope), "back.json");
});
afterEach(() => rmSync(root, { recursive: true }));

const BACK: NetworkDefinition = {
  ...defaultNetwork(),
  name: "back",
  id: "b".repeat(64),
  network_interface: "berth1",
  subnets: [{ subnet: "10.9.0.0/24", lease_range: { start_ip: "10.9.0.2", end_ip: "10.9.0.9" } }],
  network_dns_servers: ["192.0.2.1"],
};

test("a definition is read as it was written; its version is the file's alone", () => {
  writeDefinition(scope, BACK);
  expect(readDefinition(scope, "back")).toEqual(BACK);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ ...BACK, version: 1 });
});

test("a definition that an older berth wrote has no version, and what a later one adds is kept", () => {
  writeFileSync(path, JSON.stringify({ ...BACK, routes: [] }));
  expect(readDefinition(scope, "back")).toEqual({ ...BACK, routes: [] } as NetworkDefinition);
});

test("a definition that says little is a bridge with addresses of berth's", () => {
  writeFileSync(path, JSON.stringify({ name: "back", id: "0", subnets: [] }));
  expect(readDefinition(scope, "back")).toEqual({
    ...{ name: "back", id: "0", subnets: [], driver: "bridge", created: "", labels: {}, options: {} },
    ...{ ipv6_enabled: false, internal: false, dns_enabled: false, ipam_options: { driver: "host-local" } },
  });
});

describe("a definition that cannot be read is an error with its path", () => {
  test.each([
    ["{", "it is not a JSON object"],
    ["[]", "it is not a JSON object"],
    [{}, "name is not a string"],
    [{ ...BACK, id: 1 }, "id is not a string"],
    [{ ...BACK, driver: 1 }, "driver is not a string"],
    [{ ...BACK, network_interface: 1 }, "network_interface is not a string"],
    [{ ...BACK, created: 1 }, "created is not a string"],
    [{ ...BACK, subnets: {} }, "subnets is not an array"],
    [{ ...BACK, subnets: [{}] }, "subnets[0].subnet is not a string"],
    [{ ...BACK, subnets: [{ subnet: "", gateway: 1 }] }, "subnets[0].gateway is not a string"],
    [{ ...BACK, subnets: [{ subnet: "", lease_range: {} }] }, "subnets[0].lease_range.start_ip is not a string"],
    [{ ...BACK, ipv6_enabled: 1 }, "ipv6_enabled is neither true nor false"],
    [{ ...BACK, internal: 1 }, "internal is neither true nor false"],
    [{ ...BACK, dns_enabled: 1 }, "dns_enabled is neither true nor false"],
    [{ ...BACK, network_dns_servers: "x" }, "network_dns_servers is not an array"],
    [{ ...BACK, ipam_options: { driver: "x" } }, "ipam_options.driver is none of host-local, dhcp, none"],
    [{ ...BACK, labels: { a: 1 } }, "labels.a is not a string"],
    [{ ...BACK, options: [] }, "options is not an object"],
    [{ ...BACK, version: "2" }, "version is not a number"],
  ])("%j: %s", (content, why) => {
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    expect(() => readDefinition(scope, "back")).toThrow(
      expect.objectContaining({
        code: "corrupt-record",
        message: `the definition of network back cannot be read (${path}; remove that file and create the network again, or put a copy back)`,
        cause: expect.objectContaining({ message: why }),
      }),
    );
  });
});

test("a network of a newer berth is not used", () => {
  writeFileSync(path, JSON.stringify({ ...BACK, version: 7 }));
  const message = "network back was made by a newer berth (record version 7): install that berth again, or a newer one";
  expect(surveyDefinitions(scope).unread).toEqual([expect.objectContaining({ code: "newer-record", message })]);
});

test("a network whose removal has begun is no network, and is known until it is finished", () => {
  writeDefinition(scope, BACK);
  beginRemoval(scope, "back");
  expect(findDefinition(scope, "back")).toBeUndefined();
  expect(listRemovals(scope)).toEqual([BACK]);
  finishRemoval(scope, "back");
  expect(listRemovals(scope)).toEqual([]);
  expect(() => readDefinition(scope, "back")).toThrow(expect.objectContaining({ code: "no-such-network" }));
});

test("a definition that cannot be read hides no network beside it", () => {
  writeDefinition(scope, BACK);
  writeFileSync(join(definitionsDir(scope), "front.json"), "{");
  expect(surveyDefinitions(scope)).toMatchObject({
    records: [{ name: "back" }, { name: "berth" }],
    unread: [{ code: "corrupt-record" }],
  });
  expect(findNetwork(scope, "bbbb").name).toBe("back");
  expect(surveyDefinitions(scope).unread[0]?.message).toContain("front.json");
  beginRemoval(scope, "back");
  writeFileSync(join(definitionsDir(scope), "old.removed"), "");
  expect(listRemovals(scope).map(({ name }) => name)).toEqual(["back"]);
});

test("a network has the name of its file, whatever that says", () => {
  writeFileSync(path, JSON.stringify({ ...BACK, name: "../../front" }));
  expect(surveyDefinitions(scope).records.map(({ name }) => name)).toEqual(["back", "berth"]);
  beginRemoval(scope, "back");
  expect(listRemovals(scope).map(({ name }) => name)).toEqual(["back"]);
});

test("options for addresses that name no driver leave addresses to others", () => {
  writeFileSync(path, JSON.stringify({ ...BACK, ipam_options: {} }));
  expect(readDefinition(scope, "back").ipam_options.driver).toBe("none");
});
