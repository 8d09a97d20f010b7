import { expect, test } from "bun:test";
import type { Address } from "../../../../src/runtime/network/names/host-address.ts";
import { addressesInside, pastaView } from "../../../../src/runtime/network/users/pasta-view.ts";

const refuse = (why: string): never => {
  throw new Error(why);
};
const ipv4 = (address: string): Address => ({ address, family: "IPv4" });
const ipv6 = (address: string): Address => ({ address, family: "IPv6" });
const RAN = { args: [], resolvers: ["169.254.1.1", "fe80::1"], hostAddresses: ["169.254.1.2"] };

test("addresses inside are the global ones, of links that have any", () => {
  const shown = [
    { ifname: "lo", addr_info: [{ family: "inet", local: "127.0.0.1", scope: "host" }] },
    { ifname: "none" },
    { ifname: "empty", addr_info: [{}] },
    {
      ifname: "eth0",
      addr_info: [
        { family: "inet", local: "192.0.2.2", scope: "global" },
        { family: "inet6", local: "2001:db8::2", scope: "global" },
        { family: "inet6", local: "fe80::2", scope: "link" },
      ],
    },
  ];
  expect(addressesInside(JSON.stringify(shown), refuse)).toEqual([ipv4("192.0.2.2"), ipv6("2001:db8::2")]);
});

test("what ip(8) does not write is refused", () => {
  expect(() => addressesInside("{}", refuse)).toThrow("is not an array");
});

test.each([
  ["its own address for the host", RAN, [ipv4("192.0.2.2")], "169.254.1.2"],
  [
    "another address of the host's, with an older pasta",
    { ...RAN, hostAddresses: [] },
    [ipv4("192.0.2.2")],
    "192.0.2.3",
  ],
  ["an IPv4 address of the host's, where only IPv6 is inside", RAN, [ipv6("2001:db8::2")], "192.0.2.2"],
] as [string, typeof RAN, Address[], string][])("the host is reached by %s", (_, ran, inside, gateway) => {
  expect(pastaView(ran, inside, [ipv4("192.0.2.2"), ipv4("192.0.2.3")]).gateway).toBe(gateway);
});

test("resolvers are those of the families that the namespace has", () => {
  expect(pastaView(RAN, [ipv4("192.0.2.2")], []).resolvers).toEqual(["169.254.1.1"]);
  expect(pastaView(RAN, [ipv6("2001:db8::2")], []).resolvers).toEqual(["fe80::1"]);
  expect(pastaView(RAN, [], []).resolvers).toEqual([]);
});
