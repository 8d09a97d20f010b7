import { expect, test } from "bun:test";
import { formatSubnet, parseSubnet, type Subnet } from "../../../../src/ip-address.ts";
import { freeSubnet } from "../../../../src/runtime/network/definitions/free-subnet.ts";

const parse = (...texts: string[]): Subnet[] => texts.flatMap((text) => parseSubnet(text) ?? []);
/** Counts up from 1, one number in all bytes of one call. */
const counting = () => {
  let calls = 0;
  return (count: number) => {
    calls++;
    return new Uint8Array(count).fill(calls);
  };
};
const free = (family: 4 | 6, ...taken: string[]) => formatSubnet(freeSubnet(family, parse(...taken), counting()));

test.each([
  [[], "10.86.0.0/24"],
  [["10.86.0.0/24"], "10.86.1.0/24"],
  [["10.86.0.7/32", "10.86.1.0/25"], "10.86.2.0/24"],
  [["10.86.0.0/16"], "10.84.0.0/24"],
  [["10.84.0.0/14"], "10.80.0.0/24"],
  [["10.80.0.0/12"], "10.64.0.0/24"],
] as [string[], string][])("where %j is taken, %s is free", (taken, subnet) => {
  expect(free(4, ...taken)).toBe(subnet);
});

test("IPv6 subnets are random ones of fd00::/8, until one is free", () => {
  expect(free(6)).toBe("fd01:101:101:101::/64");
  expect(free(6, "fd01:101:101:101::/64")).toBe("fd02:202:202:202::/64");
});

test.each([
  [4, "10.0.0.0/8"],
  [6, "fd00::/8"],
] as [4 | 6, string][])("without a free IPv%d subnet, the message says what to do", (family, taken) => {
  expect(() => free(family, taken)).toThrow(`no IPv${family} subnet is free: give one with --subnet`);
});
