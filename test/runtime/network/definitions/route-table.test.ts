import { expect, test } from "bun:test";
import { formatSubnet } from "../../../../src/ip-address.ts";
import {
  parseIpv4Routes,
  parseIpv6Routes,
  type Route,
} from "../../../../src/runtime/network/definitions/route-table.ts";

const shown = (routes: Route[]) => routes.map(({ device, subnet }) => `${formatSubnet(subnet)} ${device}`);

const IPV4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
wg0	0000400A	00000000	0001	0	0	0	0000C0FF	0	0	0
eth0	010200C0	00000000	0005	0	0	100	FFFFFFFF	0	0	0
lo	0000007F	00000000	0001	0	0	0	000000FF	0	0	0
`;

test("IPv4 routes have their bytes in the machine's order; the default route and the loopback's are left out", () => {
  expect(shown(parseIpv4Routes(IPV4))).toEqual(["192.0.2.0/24 eth0", "10.64.0.0/10 wg0", "192.0.2.1/32 eth0"]);
});

const rest = "00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000001";
const IPV6 = `20010db8000000000000000000000000 20 ${rest}     eth0
20010db8000000000000000000000001 80 ${rest}     eth0
fe800000000000000000000000000000 40 ${rest}     eth0
ff000000000000000000000000000000 08 ${rest}     eth0
00000000000000000000000000000000 00 ${rest}     eth0
fd000000000000000000000000000000 40 ${rest}       lo
`;

test("IPv6 routes are those to subnets that are not on every interface", () => {
  expect(shown(parseIpv6Routes(IPV6))).toEqual(["2001:db8::/32 eth0"]);
});

test("empty tables have no routes", () => {
  expect(parseIpv4Routes("")).toEqual([]);
  expect(parseIpv6Routes("")).toEqual([]);
});
