import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leasesDir } from "../../../src/runtime/network/connect/address-leases.ts";
import { removeConnection, writeConnection } from "../../../src/runtime/network/connect/connection-record.ts";
import { createNetwork } from "../../../src/runtime/network/create-network.ts";
import type { NetworkCreateRequest } from "../../../src/runtime/network/definitions/create-request.ts";
import { describeNetwork } from "../../../src/runtime/network/network-users.ts";
import { finishRemovals, removeNetwork } from "../../../src/runtime/network/remove-network.ts";
import { type Scope, systemScope } from "../../../src/scope.ts";
import {
  beginRemoval,
  definitionsDir,
  findNetwork,
  listRemovals,
  surveyDefinitions,
} from "../../../src/state/network-definitions.ts";

let root: string;
let scope: Scope;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-networks-"));
  scope = systemScope(root);
});
afterEach(() => rmSync(root, { recursive: true }));

const request = (name: string): NetworkCreateRequest => ({
  ...{ name, driver: "bridge", subnets: [], ipv6: false, internal: false, disableDns: false, dns: [] },
  ...{ interfaceName: undefined, ipamDriver: undefined, options: {}, labels: { stage: "test" } },
});
const names = () => surveyDefinitions(scope).records.map(({ name }) => name);

test("networks are made, found by name and ID, and removed", async () => {
  createNetwork(scope, request("back"), false);
  expect(names()).toEqual(["back", "berth"]);
  const { id } = findNetwork(scope, "back");
  expect(findNetwork(scope, id.slice(0, 12)).name).toBe("back");
  expect(() => createNetwork(scope, request("back"), false)).toThrow("there is a network back already");
  createNetwork(scope, { ...request("back"), internal: true }, true);
  expect(findNetwork(scope, "back").internal).toBe(false);
  await removeNetwork(scope, id.slice(0, 12));
  expect(names()).toEqual(["berth"]);
  await expect(removeNetwork(scope, "back")).rejects.toMatchObject({ code: "no-such-network" });
});

test("the default network is there, and stays", async () => {
  await expect(removeNetwork(scope, "berth")).rejects.toThrow("the default network berth cannot be removed");
  expect(() => createNetwork(scope, request("berth"), false)).toThrow("there is a network berth already");
});

test.each(["../x", "a/b", "", "-x", "x".repeat(250)])("%j is no name", (name) => {
  expect(() => createNetwork(scope, request(name), false)).toThrow(expect.objectContaining({ code: "bad-request" }));
  expect(names()).toEqual(["berth"]);
});

test("a network that somebody is in is not removed", async () => {
  createNetwork(scope, request("back"), false);
  writeConnection(scope, { owner: "0123", name: "web", networks: ["back"], ports: [], request: undefined });
  await expect(removeNetwork(scope, "back")).rejects.toMatchObject({ code: "network-in-use" });
  expect(describeNetwork(scope, findNetwork(scope, "back"))).toMatchObject({
    containers: {},
    labels: { stage: "test" },
  });
  removeConnection(scope, "0123");
  await removeNetwork(scope, "back");
  expect(names()).toEqual(["berth"]);
});

test("a definition that cannot be read keeps no other network from being made, nor its subnet and bridge", async () => {
  createNetwork(scope, request("back"), false);
  const back = findNetwork(scope, "back");
  const path = join(definitionsDir(scope), "back.json");
  const text = readFileSync(path, "utf8");
  for (const damaged of [text.slice(0, -4), text.replace("{", "["), `${text}x`]) {
    writeFileSync(path, damaged);
    createNetwork(scope, request("front"), false);
    const front = findNetwork(scope, "front");
    expect(front.network_interface).not.toBe(back.network_interface);
    expect(front.subnets[0]?.subnet).not.toBe(back.subnets[0]?.subnet);
    expect(() => createNetwork(scope, request("back"), false)).toThrow(`(${path}; remove that file and create`);
    await removeNetwork(scope, "front");
  }
  beginRemoval(scope, "back");
  writeFileSync(path, text.slice(1));
  await finishRemovals(scope);
  expect(listRemovals(scope)).toEqual([]);
});

test("of a damaged connection, leases say which network it is in", async () => {
  for (const name of ["back", "front"]) createNetwork(scope, request(name), false);
  writeConnection(scope, { owner: "4567", name: "db", networks: [], ports: [], request: undefined });
  writeFileSync(join(scope.runtimeDir, "network-setups/0123.json"), "{");
  const leases = leasesDir(scope, "back");
  mkdirSync(leases, { recursive: true });
  writeFileSync(join(leases, "10.86.0.2"), "0123");
  await expect(removeNetwork(scope, "back")).rejects.toThrow("network back is in use by 0123");
  await removeNetwork(scope, "front");
  expect(names()).toEqual(["back", "berth"]);
});

test("a network whose removal was killed is no more, and its bridge is forgotten at last", async () => {
  createNetwork(scope, request("back"), false);
  beginRemoval(scope, "back");
  expect(names()).toEqual(["berth"]);
  expect(listRemovals(scope).map(({ name }) => name)).toEqual(["back"]);
  createNetwork(scope, request("back"), false);
  await finishRemovals(scope);
  expect(listRemovals(scope)).toEqual([]);
  expect(names()).toEqual(["back", "berth"]);
});

test("a user's removal is finished where the bridges are gone with their namespace", async () => {
  const user: Scope = { ...scope, kind: "user" };
  createNetwork(user, request("gone"), false);
  beginRemoval(user, "gone");
  await finishRemovals(user);
  expect(listRemovals(user)).toEqual([]);
});

test("processes that make networks at the same time choose different subnets and bridges", async () => {
  const script = `
    const [source, root, at] = process.argv.slice(1);
    const { createNetwork } = await import(source + "/src/runtime/network/create-network.ts");
    const { systemScope } = await import(source + "/src/scope.ts");
    for (let n = 0; n < 5; n++) createNetwork(systemScope(root), { name: "n" + at + "-" + n, driver: "bridge", subnets: [],
      ipv6: true, internal: false, disableDns: false, dns: [], options: {}, labels: {} }, false);`;
  const children = [1, 2, 3].map((at) =>
    Bun.spawn([process.execPath, "-e", script, join(import.meta.dir, "../../.."), root, `${at}`]),
  );
  expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  const made = surveyDefinitions(scope).records;
  expect(made).toHaveLength(16);
  expect(new Set(made.map((network) => network.network_interface)).size).toBe(16);
  expect(new Set(made.flatMap(({ subnets }) => subnets.map(({ subnet }) => subnet))).size).toBe(31);
});
