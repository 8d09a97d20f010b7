import { expect, test } from "bun:test";
import {
  addressAt,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseSubnet,
  subnetContains,
  subnetsOverlap,
} from "../src/ip-address.ts";

const round = (text: string) => {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
};

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["::", "::"],
  ["::1", "::1"],
  ["FD00:0:0:0:0:0:0:1", "fd00::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["fd00::", "fd00::"],
  ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
])("%s is written %s", (text, written) => expect(round(text)).toBe(written));

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "256.0.0.1",
  "01.2.3.4",
  "1.2.3.x",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "12345::",
  "g::",
  "::1.2.3",
  "fe80::1%eth0",
  "1:2:3:4:5:6:7::8",
  "192.0.2.1/24",
])("%j is no address", (text) => expect(round(text)).toBeUndefined());

test("agrees with what the system makes of IPv6 addresses", () => {
  for (let count = 0; count < 500; count++) {
    const groups = Array.from({ length: 8 }, () => (Math.random() < 0.5 ? 0 : Math.floor(Math.random() * 65536)));
    const text = groups.map((group) => group.toString(16)).join(":");
    expect(round(text)).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
  }
});

test("subnets: bits beyond the prefix are dropped", () => {
  const format = (text: string) => {
    const subnet = parseSubnet(text);
    return subnet === undefined ? undefined : formatSubnet(subnet);
  };
  expect(format("10.87.3.4/16")).toBe("10.87.0.0/16");
  expect(format("fd00:1:2:3:4::5/64")).toBe("fd00:1:2:3::/64");
  expect(format("0.0.0.0/0")).toBe("0.0.0.0/0");
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "fd00::/129", "x/8", "10.0.0.0/", "/8"])
    expect(format(bad)).toBeUndefined();
});

test("subnets contain and overlap as they should", () => {
  const at = (text: string) => parseSubnet(text) ?? { family: 4 as const, base: -1n, bits: 0 };
  const address = (text: string) => parseAddress(text) ?? { family: 4 as const, value: -1n };
  expect(subnetContains(at("192.0.2.0/24"), address("192.0.2.255"))).toBe(true);
  expect(subnetContains(at("192.0.2.0/24"), address("192.0.3.0"))).toBe(false);
  expect(subnetContains(at("::/0"), address("192.0.2.1"))).toBe(false);
  expect(subnetsOverlap(at("10.0.0.0/8"), at("10.9.0.0/16"))).toBe(true);
  expect(subnetsOverlap(at("10.9.0.0/16"), at("10.0.0.0/8"))).toBe(true);
  expect(subnetsOverlap(at("10.9.0.0/16"), at("10.10.0.0/16"))).toBe(false);
  expect(formatAddress(addressAt(at("10.87.0.0/16"), 256n))).toBe("10.87.1.0");
});
