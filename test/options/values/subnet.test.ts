import { expect, test } from "bun:test";
import { problemOf } from "../../../src/options/values/check.ts";
import { addressOutside, parseIpRange, parseSubnetKey, rangeOutside } from "../../../src/options/values/subnet.ts";

const checkSubnet = (text: string) => problemOf(parseSubnetKey(text));
const checkIpRange = (text: string) => problemOf(parseIpRange(text));

test("checkSubnet", () => {
  for (const good of ["10.89.0.0/24", "10.89.0.1/24", "0.0.0.0/0", "fd00:89::/64", "::/128", "10.%i.0.0/24"])
    expect(checkSubnet(good)).toBeUndefined();
  for (const bad of [
    "10.89.0.0",
    "10.89.0/24",
    "10.89.0.0/33",
    "fd00::/129",
    "/24",
    "",
    "10.89.0.0/x",
    "10.89.0.0/24 ",
  ])
    expect([bad, checkSubnet(bad)?.code]).toEqual([bad, "bad-subnet"]);
});

test("checkIpRange", () => {
  for (const good of ["10.89.0.128/25", "10.89.0.1-10.89.0.1", "fd00::1-fd00::ff", "10.89.0.1-10.90.0.1"])
    expect(checkIpRange(good)).toBeUndefined();
  for (const bad of ["10.89.0.1", "10.89.0.2-10.89.0.1", "10.89.0.1-fd00::1", "-", "a-b", ""])
    expect([bad, checkIpRange(bad)?.code]).toEqual([bad, "bad-range"]);
});

test("an address is in one of the subnets", () => {
  const subnets = ["10.89.0.0/24", "fd00:89::/64"];
  for (const inside of ["10.89.0.0", "10.89.0.255", "fd00:89::1", "fd00:89:0:0:ffff::"])
    expect(addressOutside(inside, subnets)).toBeUndefined();
  for (const outside of ["10.89.1.0", "10.88.255.255", "fd00:89:0:1::", "::"])
    expect(addressOutside(outside, subnets)?.code).toBe("outside-subnet");
  // What systemd fills in cannot be judged.
  expect(addressOutside("10.88.0.1", ["10.%i.0.0/24"])).toBeUndefined();
  expect(addressOutside("%i", subnets)).toBeUndefined();
});

test("a range is wholly in its subnet", () => {
  for (const inside of ["10.89.0.0/24", "10.89.0.128/25", "10.89.0.0-10.89.0.255"])
    expect(rangeOutside(inside, "10.89.0.0/24")).toBeUndefined();
  for (const outside of ["10.89.0.0/23", "10.89.1.0/25", "10.89.0.200-10.89.1.0", "fd00::/120"])
    expect(rangeOutside(outside, "10.89.0.0/24")?.code).toBe("outside-subnet");
});
