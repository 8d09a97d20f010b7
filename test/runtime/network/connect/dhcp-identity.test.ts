import { expect, test } from "bun:test";
import { stableClientId, stableMac } from "../../../../src/runtime/network/connect/dhcp-identity.ts";

test("a container's MAC address in a network is the same each time, and another one elsewhere", () => {
  const mac = stableMac("web", "lan");
  expect(stableMac("web", "lan")).toBe(mac);
  expect(new Set([mac, stableMac("web", "wan"), stableMac("db", "lan")]).size).toBe(3);
});

test("MAC addresses are locally administered, and of one machine", () => {
  for (let n = 0; n < 100; n++) expect(stableMac(`c${n}`, "lan")).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
});

test("a client identifier is as long as a container's ID", () => {
  expect(stableClientId("web")).toMatch(/^[0-9a-f]{32}$/);
  expect(stableClientId("web")).toBe(stableClientId("web"));
  expect(stableClientId("web")).not.toBe(stableClientId("db"));
});
