import { expect, test } from "bun:test";
import { CAPABILITIES } from "../../../src/options/values/capability.ts";
import { boundingSet } from "../../../src/runtime/spec/capabilities.ts";

const DEFAULT = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP".split(
  " ",
);
const names = (set: readonly string[]) => set.map((name) => name.replace(/^CAP_/, ""));

test("numbers the capabilities as the kernel does", () => {
  expect(CAPABILITIES).toHaveLength(41);
  expect([CAPABILITIES[0], CAPABILITIES[12], CAPABILITIES[21], CAPABILITIES[24], CAPABILITIES[40]]).toEqual([
    "CHOWN",
    "NET_ADMIN",
    "SYS_ADMIN",
    "SYS_RESOURCE",
    "CHECKPOINT_RESTORE",
  ]);
});

test.each([
  ["nothing said", [], [], DEFAULT],
  ["one more", ["NET_RAW"], [], [...DEFAULT, "NET_RAW"]],
  ["one less", [], ["CHOWN"], DEFAULT.filter((name) => name !== "CHOWN")],
  ["none", [], ["ALL"], []],
  ["only one", ["KILL"], ["ALL"], ["KILL"]],
  ["all", ["ALL"], [], CAPABILITIES],
  ["all but one", ["ALL"], ["SYS_ADMIN"], CAPABILITIES.filter((name) => name !== "SYS_ADMIN")],
  ["twice the same", ["KILL", "KILL"], [], DEFAULT],
] as [string, string[], string[], readonly string[]][])("%s", (_, add, drop, expected) => {
  const order = (set: readonly string[]) => [...CAPABILITIES].filter((name) => set.includes(name));
  expect(names(boundingSet(add, drop))).toEqual(order(expected));
});

test("takes ALL for what can be given", () => {
  expect(boundingSet(["ALL"], ["KILL"], ["CHOWN", "KILL"])).toEqual(["CAP_CHOWN"]);
});

test("refuses what no kernel knows, and contradictions", () => {
  expect(() => boundingSet(["NET_RAWR"], [])).toThrow(expect.objectContaining({ code: "bad-request" }));
  expect(() => boundingSet([], ["CAP_KILL"])).toThrow("unknown capability CAP_KILL");
  expect(() => boundingSet(["KILL"], ["KILL"])).toThrow("capability KILL is both added and dropped");
  expect(() => boundingSet(["ALL"], ["ALL"])).toThrow("capability ALL is both added and dropped");
});
