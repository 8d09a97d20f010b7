import { expect, test } from "bun:test";
import { parseAddress } from "../../../../src/ip-address.ts";
import {
  assignFixed,
  checkFixed,
  type LeasePool,
  leaseCandidates,
  leasePools,
  poolName,
} from "../../../../src/runtime/network/connect/lease-plan.ts";
import {
  defaultNetwork,
  type NetworkDefinition,
  type SubnetDefinition,
} from "../../../../src/state/network-definition.ts";

const network = (...subnets: SubnetDefinition[]): NetworkDefinition => ({ ...defaultNetwork(), name: "net", subnets });
const pool = (definition: SubnetDefinition): LeasePool => {
  const [only] = leasePools(network(definition));
  if (only === undefined) throw new Error("no pool");
  return only;
};
const SMALL: SubnetDefinition = { subnet: "192.0.2.0/29", gateway: "192.0.2.1" };
const value = (address: string) => parseAddress(address)?.value;

test("a subnet that is none is an error with its network", () => {
  expect(() => leasePools(network({ subnet: "192.0.2.0" }))).toThrow('network net: "192.0.2.0" is not a subnet');
});

test.each([
  ["a whole subnet", SMALL, undefined, ["2", "3", "4", "5", "6"]],
  ["the rest first, after the last one given", SMALL, "192.0.2.4", ["5", "6", "2", "3", "4"]],
  ["from the first after the end", SMALL, "192.0.2.6", ["2", "3", "4", "5", "6"]],
  ["from the first after one that is outside by now", SMALL, "198.51.100.9", ["2", "3", "4", "5", "6"]],
  ["no gateway", { subnet: "192.0.2.0/30" }, undefined, ["1", "2"]],
  [
    "a range, ends included",
    { ...SMALL, lease_range: { start_ip: "192.0.2.3", end_ip: "192.0.2.4" } },
    undefined,
    ["3", "4"],
  ],
  [
    "a range that reaches over the subnet's ends",
    { subnet: "192.0.2.0/30", lease_range: { start_ip: "192.0.2.0", end_ip: "192.0.2.9" } },
    undefined,
    ["1", "2"],
  ],
] as [string, SubnetDefinition, string | undefined, string[]][])("candidates of %s", (_, definition, last, ends) => {
  const found = [...leaseCandidates(pool(definition), last === undefined ? undefined : value(last))];
  expect(found).toEqual(ends.map((end) => `192.0.2.${end}`));
});

test("candidates of an IPv6 subnet", () => {
  const [first, second] = leaseCandidates(pool({ subnet: "2001:db8::/64", gateway: "2001:db8::1" }), undefined);
  expect([first, second]).toEqual(["2001:db8::2", "2001:db8::3"]);
});

test("a pool is named after its subnet's own address", () => {
  expect(poolName(pool({ subnet: "192.0.2.8/29" }))).toBe("192.0.2.8");
});

const BOTH = network(SMALL, { subnet: "2001:db8::/64" });
const assign = (...wanted: string[]) => assignFixed(BOTH, leasePools(BOTH), wanted);

test.each([
  [[], [undefined, undefined]],
  [["2001:db8::7"], [undefined, "2001:db8::7"]],
  [
    ["2001:db8::7", "192.0.2.3"],
    ["192.0.2.3", "2001:db8::7"],
  ],
] as [string[], (string | undefined)[]][])("fixed addresses %j go to their subnets", (wanted, assigned) => {
  expect(assign(...wanted)).toEqual(assigned);
});

test.each([
  [["198.51.100.1"], "198.51.100.1"],
  [["192.0.2.3", "192.0.2.4"], "192.0.2.4"],
] as [string[], string][])("fixed addresses %j: %s is refused", (wanted, refused) => {
  expect(() => assign(...wanted)).toThrow(
    `address ${refused} is outside of network net (192.0.2.0/29, 2001:db8::/64), or the second in one subnet`,
  );
});

test.each([
  [SMALL, "192.0.2.1", "address 192.0.2.1 is the gateway of network net"],
  [SMALL, "192.0.2.0", "address 192.0.2.0 stands for all of 192.0.2.0/29, network net"],
  [SMALL, "192.0.2.7", "address 192.0.2.7 stands for all of 192.0.2.0/29, network net"],
] as [SubnetDefinition, string, string][])("in %j the fixed address %s is refused", (definition, wanted, message) => {
  expect(() => checkFixed(pool(definition), wanted)).toThrow(message);
});

test("a fixed address gets its usual form", () => {
  expect(checkFixed(pool({ subnet: "2001:db8::/64" }), "2001:DB8:0::00a7")).toBe("2001:db8::a7");
});
