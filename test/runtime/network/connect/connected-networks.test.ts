import { expect, test } from "bun:test";
import {
  addressesByNetwork,
  type ConnectedNetwork,
  viewOf,
  withGivenAddresses,
} from "../../../../src/runtime/network/connect/connected-networks.ts";
import { defaultNetwork, type NetworkDefinition } from "../../../../src/state/network-definition.ts";

const connected = (name: string, addresses: string[], rest: Partial<NetworkDefinition> = {}): ConnectedNetwork => ({
  definition: { ...defaultNetwork(), name, ...rest },
  interfaceName: "eth0",
  addresses,
});

const PLAIN = connected("plain", ["10.87.0.2"]);
const NAMED = connected("named", ["192.0.2.2"], {
  subnets: [{ subnet: "192.0.2.0/24", gateway: "192.0.2.1" }],
  dns_enabled: true,
});
const LAN = connected("lan", [], {
  driver: "macvlan",
  subnets: [{ subnet: "198.51.100.0/24", gateway: "198.51.100.1" }],
});
const GIVEN = {
  lan: {
    subnets: [{ ipnet: "198.51.100.7/24", gateway: "198.51.100.1" }],
    nameServers: ["198.51.100.53"],
    searchDomains: ["example.org"],
  },
};

test("addresses by the networks' names", () => {
  expect(addressesByNetwork([PLAIN, NAMED])).toEqual({ plain: ["10.87.0.2"], named: ["192.0.2.2"] });
});

test("given addresses take the place of leased ones, without their prefix length", () => {
  expect(addressesByNetwork(withGivenAddresses([PLAIN, LAN], GIVEN))).toEqual({
    plain: ["10.87.0.2"],
    lan: ["198.51.100.7"],
  });
});

test("a network without DNS leads to the host, and to no name server", () => {
  expect(viewOf([PLAIN])).toEqual({
    ...{ addresses: ["10.87.0.2"], gateway: "10.87.0.1" },
    ...{ nameServers: [], searchDomains: [], resolvers: [] },
  });
});

test("a network with DNS has its name server at the gateway, and the containers' domain", () => {
  const { gateway, nameServers, searchDomains } = viewOf([PLAIN, NAMED]);
  expect({ gateway, nameServers, searchDomains }).toEqual({
    ...{ gateway: "10.87.0.1", nameServers: ["192.0.2.1"], searchDomains: ["dns.podman"] },
  });
});

test("the gateway of macvlan is not the host", () => {
  expect(viewOf([LAN]).gateway).toBeUndefined();
  expect(viewOf([LAN, PLAIN]).gateway).toBe("10.87.0.1");
});

test("what a DHCP server gives comes after the networks' own", () => {
  const { nameServers, searchDomains } = viewOf([NAMED, LAN], GIVEN);
  expect(nameServers).toEqual(["192.0.2.1", "198.51.100.53"]);
  expect(searchDomains).toEqual(["dns.podman", "example.org"]);
});
