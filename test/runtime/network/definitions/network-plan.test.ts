import { describe, expect, test } from "bun:test";
import { parseSubnet, type Subnet } from "../../../../src/ip-address.ts";
import type { NetworkCreateRequest } from "../../../../src/runtime/network/definitions/create-request.ts";
import type { HostFacts } from "../../../../src/runtime/network/definitions/host-facts.ts";
import { planNetwork } from "../../../../src/runtime/network/definitions/network-plan.ts";
import { defaultNetwork } from "../../../../src/state/network-definition.ts";

const REQUEST: NetworkCreateRequest = {
  ...{ name: "net", driver: "bridge", subnets: [], ipv6: false, internal: false, disableDns: false, dns: [] },
  ...{ interfaceName: undefined, ipamDriver: undefined, options: {}, labels: {} },
};
const FACTS: HostFacts = {
  networks: [defaultNetwork()],
  routes: [],
  avoided: [],
  interfaces: ["lo", "eth0"],
  now: new Date(0),
  random: (count) => new Uint8Array(count).fill(0xab),
};
const plan = (request: Partial<NetworkCreateRequest> = {}, facts: Partial<HostFacts> = {}) =>
  planNetwork({ ...REQUEST, ...request }, { ...FACTS, ...facts });
const subnet = (text: string): Subnet => parseSubnet(text) ?? { family: 4, base: 0n, bits: 0 };
const wanted = (text: string, gateway?: string, range?: string) => ({ subnet: text, gateway, range });

describe("what is left open is chosen", () => {
  test("a bridge with DNS, in the first free subnet", () => {
    expect(plan()).toMatchObject({
      network_interface: "berth1",
      subnets: [{ subnet: "10.86.0.0/24", gateway: "10.86.0.1" }],
      dns_enabled: true,
      ipv6_enabled: false,
      ipam_options: { driver: "host-local" },
    });
  });

  test("another one when the first is another network's, a route's or podman's", () => {
    const first = plan();
    const facts = {
      networks: [defaultNetwork(), first],
      routes: [{ subnet: subnet("10.86.1.128/25"), device: "eth0" }],
      avoided: [subnet("10.86.2.0/23")],
    };
    expect(plan({}, facts)).toMatchObject({ network_interface: "berth2", subnets: [{ subnet: "10.86.4.0/24" }] });
  });

  test("nothing where nothing is free", () => {
    const everything = { avoided: [subnet("10.0.0.0/8")] };
    expect(() => plan({}, everything)).toThrow("no IPv4 subnet is free");
  });

  test("one subnet of each kind with --ipv6", () => {
    const ula = { subnet: "fdab:abab:abab:abab::/64", gateway: "fdab:abab:abab:abab::1" };
    expect(plan({ ipv6: true }).subnets).toEqual([{ subnet: "10.86.0.0/24", gateway: "10.86.0.1" }, ula]);
    expect(plan({ ipv6: true, subnets: [wanted("192.0.2.0/24")] }).subnets.map((each) => each.subnet)).toEqual([
      "192.0.2.0/24",
      ula.subnet,
    ]);
    // An IPv6 subnet by itself is enough, as with podman.
    expect(plan({ subnets: [wanted("fd00:1::/64")] })).toMatchObject({
      ipv6_enabled: true,
      subnets: [{ subnet: "fd00:1::/64", gateway: "fd00:1::1" }],
    });
  });

  test("no gateway in an internal network without DNS", () => {
    expect(plan({ internal: true }).subnets[0]?.gateway).toBe("10.86.0.1");
    expect(plan({ internal: true, disableDns: true }).subnets[0]?.gateway).toBeUndefined();
  });

  test("addresses by DHCP of macvlan without a subnet, and of a bridge that somebody else manages", () => {
    const dhcp = { subnets: [], dns_enabled: false, ipam_options: { driver: "dhcp" } };
    expect(plan({ driver: "macvlan" })).toMatchObject(dhcp);
    expect(plan({ ipamDriver: "dhcp", interfaceName: "br0", options: { mode: "unmanaged" } })).toMatchObject(dhcp);
  });

  test("no addresses and no names with --ipam-driver none", () => {
    expect(plan({ ipamDriver: "none" })).toMatchObject({ subnets: [], dns_enabled: false });
  });

  test("the device below macvlan and ipvlan", () => {
    const request = { driver: "macvlan", subnets: [wanted("10.87.0.0/24")], options: { parent: "eth0" } } as const;
    expect(plan(request)).toMatchObject({ network_interface: "eth0", dns_enabled: false });
    expect(plan({ ...request, driver: "ipvlan", options: {} }).network_interface).toBeUndefined();
  });
});

test("a range is a block or two ends", () => {
  const range = (text: string) => plan({ subnets: [wanted("192.0.2.0/24", undefined, text)] }).subnets[0]?.lease_range;
  expect(range("192.0.2.128/25")).toEqual({ start_ip: "192.0.2.129", end_ip: "192.0.2.255" });
  expect(range("192.0.2.128/32")).toEqual({ start_ip: "192.0.2.128", end_ip: "192.0.2.128" });
  expect(range("192.0.2.10-192.0.2.20")).toEqual({ start_ip: "192.0.2.10", end_ip: "192.0.2.20" });
});

describe.each([
  ["a subnet that is none", { subnets: [wanted("192.0.2.0")] }, '"192.0.2.0" is not a subnet'],
  ["a subnet too small", { subnets: [wanted("192.0.2.0/31")] }, "too small for a gateway and a container"],
  [
    "a subnet of another network's",
    { subnets: [wanted("10.87.3.0/24")] },
    "subnet 10.87.3.0/24 overlaps 10.87.0.0/16, which network berth uses",
  ],
  ["a subnet of the machine's", { subnets: [wanted("198.51.100.0/25")] }, "which the route by eth0 uses"],
  [
    "overlapping subnets",
    { subnets: [wanted("192.0.2.0/24"), wanted("192.0.2.0/25")] },
    "overlaps another one of its own",
  ],
  ["a gateway elsewhere", { subnets: [wanted("192.0.2.0/24", "192.0.3.1")] }, "gateway 192.0.3.1 is not in subnet"],
  ["a range elsewhere", { subnets: [wanted("192.0.2.0/24", undefined, "192.0.3.0/25")] }, "is not in subnet"],
  [
    "a range backwards",
    { subnets: [wanted("192.0.2.0/24", undefined, "192.0.2.9-192.0.2.8")] },
    "ends before it begins",
  ],
  ["resolvers without DNS", { dns: ["192.0.2.53"], disableDns: true }, "because it has no DNS"],
  ["an unknown option", { options: { nope: "1" } }, "bridge has no option nope"],
  ["a bad option", { options: { mtu: "big" } }, "option mtu is a number from 0 to 65535"],
  ["a bad interface", { interfaceName: "much-too-long-a-name" }, "is not the name of an interface"],
  ["another network's bridge", { interfaceName: "berth0" }, "bridge berth0 belongs to network berth"],
  [
    "a missing parent",
    { driver: "macvlan", subnets: [wanted("192.0.2.0/24")], interfaceName: "eth7" },
    "no interface eth7",
  ],
  [
    "a range with more behind it",
    { subnets: [wanted("10.1.0.0/24", undefined, "10.1.0.2-10.1.0.9-x")] },
    "is not a range",
  ],
  ["a gateway that is the subnet's own", { subnets: [wanted("10.1.0.0/24", "10.1.0.0")] }, "stands for all of subnet"],
  ["a gateway that is for all", { subnets: [wanted("10.1.0.0/24", "10.1.0.255")] }, "stands for all of subnet"],
  ["the machine's own addresses", { subnets: [wanted("127.3.0.0/24")] }, "by which a machine reaches itself"],
  ["all addresses of IPv6", { subnets: [wanted("::/0")] }, "is of ::1/128"],
  ["multicast", { subnets: [wanted("239.1.0.0/16")] }, "is of 224.0.0.0/4, which is for multicast"],
  ["link-local addresses", { subnets: [wanted("fe80:1::/64")] }, "is of fe80::/10"],
  ["lo", { interfaceName: "lo" }, "is not the name of an interface"],
  ["DHCP on a bridge of its own", { ipamDriver: "dhcp" }, "no DHCP server is on a bridge of its own"],
  ["DHCP with ipvlan", { driver: "ipvlan", ipamDriver: "dhcp" }, "a DHCP server cannot tell them apart"],
  ["DHCP and a subnet", { driver: "macvlan", ipamDriver: "dhcp", subnets: [wanted("10.1.0.0/24")] }, "means nothing"],
  ["ipvlan without addresses", { driver: "ipvlan" }, "ipvlan needs a --subnet"],
] as [string, Partial<NetworkCreateRequest>, string][])("%s", (_, request, message) => {
  test(`is refused: ${message}`, () => {
    const routes = [{ subnet: subnet("198.51.100.0/24"), device: "eth0" }];
    expect(() => plan(request, { routes })).toThrow(message);
  });
});
