import { expect, test } from "bun:test";
import type { NetworkAttachment } from "../../../../src/options/requests/run-request.ts";
import {
  type ConnectRequest,
  divide,
  interfaceNames,
  interfacesOf,
  netavarkRequest,
  partOf,
} from "../../../../src/runtime/network/connect/netavark-request.ts";
import { defaultNetwork, type NetworkDefinition } from "../../../../src/state/network-definition.ts";

const attachment = (name: string, rest: Partial<NetworkAttachment> = {}): NetworkAttachment => ({
  ...{ name, ips: [], mac: undefined, interfaceName: undefined, aliases: [] },
  ...rest,
});

const REQUEST: ConnectRequest = {
  owner: "0123456789abcdef",
  name: "web",
  hostname: "web.example",
  networks: [attachment("net")],
  ports: [],
  dns: [],
  atOnce: true,
};

const network = (name: string, rest: Partial<NetworkDefinition> = {}): NetworkDefinition => ({
  ...defaultNetwork(),
  name,
  ...rest,
});
const DHCP = { ipam_options: { driver: "dhcp" } } as const;

test.each([
  [[undefined], ["eth0"]],
  [
    [undefined, undefined, undefined],
    ["eth0", "eth1", "eth2"],
  ],
  [
    [undefined, "lan", undefined],
    ["eth0", "lan", "eth1"],
  ],
  [
    ["eth0", undefined],
    ["eth0", "eth1"],
  ],
  [
    [undefined, "eth0"],
    ["eth1", "eth0"],
  ],
] as [(string | undefined)[], string[]][])("interfaces asked for as %j are called %j", (asked, names) => {
  expect(interfaceNames(asked.map((interfaceName) => attachment("net", { interfaceName })))).toEqual(names);
});

const request = (definition: NetworkDefinition, rest: Partial<ConnectRequest> = {}) =>
  netavarkRequest({ ...REQUEST, networks: [attachment(definition.name)], ...rest }, [
    { definition, interfaceName: "eth0", addresses: ["192.0.2.7"] },
  ]);

test("a request has the owner's ID, its interface, and the definition", () => {
  const net = network("net");
  expect(request(net)).toEqual({
    container_id: "0123456789abcdef",
    container_name: "web",
    port_mappings: [],
    networks: {
      net: {
        static_ips: ["192.0.2.7"],
        static_mac: expect.stringMatching(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/),
        interface_name: "eth0",
        aliases: ["0123456789ab"],
      },
    },
    network_info: { net },
  });
});

test("a request has ports in netavark's form, and resolvers only where there are some", () => {
  const ports = [{ protocol: "udp", hostIp: "192.0.2.1", hostPort: 53, containerPort: 5353, range: 2 }] as const;
  const asked = request(network("net"), { ports, dns: ["192.0.2.53"] });
  expect(asked.port_mappings).toEqual([
    { container_port: 5353, host_ip: "192.0.2.1", host_port: 53, protocol: "udp", range: 2 },
  ]);
  expect(asked.dns_servers).toEqual(["192.0.2.53"]);
});

test("aliases are there once, and the name that netavark adds itself is not among them", () => {
  const networks = [attachment("net", { aliases: ["www", "web", "www"] })];
  expect(request(network("net"), { networks }).networks.net?.aliases).toEqual(["0123456789ab", "www"]);
});

test.each([
  ["bridge, chosen", network("net"), { mac: "02:00:00:00:00:01" }, "02:00:00:00:00:01"],
  ["ipvlan, none", network("net", { driver: "ipvlan" }), {}, undefined],
] as [string, NetworkDefinition, Partial<NetworkAttachment>, string | undefined][])(
  "the MAC address: %s",
  (_, definition, rest, mac) => {
    const networks = [attachment("net", rest)];
    expect(request(definition, { networks }).networks.net?.static_mac).toBe(mac);
  },
);

test("a DHCP server meets the same MAC address at each start, and another one in another network", () => {
  const mac = (name: string) => request(network(name, DHCP)).networks[name]?.static_mac;
  expect(mac("lan")).toBe(mac("lan"));
  expect(mac("lan")).not.toBe(mac("wan"));
});

const NETWORKS = [
  network("a"),
  network("b", DHCP),
  network("c", { driver: "mine" }),
  network("d", { driver: "macvlan" }),
];
const ALL = netavarkRequest(
  { ...REQUEST, networks: NETWORKS.map(({ name }) => attachment(name)) },
  NETWORKS.map((definition, index) => ({ definition, interfaceName: `eth${index}`, addresses: [] })),
);

test("networks are divided by what provides them", () => {
  const parts = divide(ALL);
  const names = Object.values(parts).map((part) => Object.keys(part?.networks ?? {}));
  expect(names).toEqual([["a", "d"], ["b"], ["c"]]);
  expect(Object.keys(parts.own?.network_info ?? {})).toEqual(["a", "d"]);
});

test("no part is made of networks that are not there", () => {
  expect(partOf(ALL, () => false)).toBeUndefined();
  expect(divide(request(network("net"))).dhcp).toBeUndefined();
});

test("interfaces are in the networks' order", () => {
  expect(interfacesOf(ALL).map(({ interface_name: name }) => name)).toEqual(["eth0", "eth1", "eth2", "eth3"]);
});
