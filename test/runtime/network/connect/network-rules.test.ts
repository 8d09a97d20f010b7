import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetRules, haveRules, noteRules, withRules } from "../../../../src/runtime/network/connect/network-rules.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";
import { defaultNetwork, type NetworkDefinition } from "../../../../src/state/network-definition.ts";

let root: string;
let scope: Scope;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-rules-"));
  scope = systemScope(root);
  folder = join(scope.runtimeDir, "networks/berth");
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const NETWORK = defaultNetwork();
const OTHER: NetworkDefinition = { ...NETWORK, name: "other", id: "f".repeat(64), network_interface: "berth1" };

test("a network has its rules in the table that they were made in, for the definition that they were made for", () => {
  expect(haveRules(scope, [NETWORK], "1:2")).toBe(false);
  noteRules(scope, [NETWORK], "1:2");
  expect(haveRules(scope, [NETWORK], "1:2")).toBe(true);
  // The table is another one after a flush, and in another network namespace.
  for (const state of ["1:3", "2:2", undefined]) expect(haveRules(scope, [NETWORK], state)).toBe(false);
  for (const change of [
    { options: { isolate: "true" } },
    { subnets: [{ subnet: "192.0.2.0/24" }] },
    { network_interface: "other0" },
    { id: "0".repeat(64) },
  ])
    expect(haveRules(scope, [{ ...NETWORK, ...change }], "1:2")).toBe(false);
  expect(haveRules(scope, [NETWORK, OTHER], "1:2")).toBe(false);
  forgetRules(scope, ["berth", "other"]);
  expect(haveRules(scope, [NETWORK], "1:2")).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test("where the firewall's state is not known, nothing is noted", () => {
  noteRules(scope, [NETWORK], undefined);
  expect(readdirSync(folder)).toEqual([]);
});

test("whatever is in the note's place is no note, and is replaced if it can be", () => {
  const place = join(folder, "rules");
  const others: [make: () => void, replaced: boolean][] = [
    [() => writeFileSync(place, "1:2"), true],
    [() => symlinkSync("elsewhere", place), true],
    [() => mkdirSync(join(place, "deep"), { recursive: true }), false],
    [() => rmSync(folder, { recursive: true }), false],
  ];
  for (const [make, replaced] of others) {
    make();
    expect(haveRules(scope, [NETWORK], "1:2")).toBe(false);
    noteRules(scope, [NETWORK], "1:2");
    expect(haveRules(scope, [NETWORK], "1:2")).toBe(replaced);
    forgetRules(scope, ["berth"]);
  }
});

test("networks with rules are bridges that are netavark's, with a way out", () => {
  const definitions: NetworkDefinition[] = [
    NETWORK,
    { ...OTHER, name: "inner", internal: true },
    { ...OTHER, name: "lan", driver: "macvlan" },
    { ...OTHER, name: "theirs", options: { mode: "unmanaged" } },
  ];
  const request = {
    container_id: "0123",
    container_name: "web",
    port_mappings: [],
    networks: {},
    network_info: Object.fromEntries(definitions.map((definition) => [definition.name, definition])),
  };
  expect(Object.keys(withRules(request)?.network_info ?? {})).toEqual(["berth"]);
});
