import { expect, test } from "bun:test";
import { describeInterfaces } from "../../../src/runtime/network/network-users.ts";
import { defaultNetwork } from "../../../src/state/network-definition.ts";

const NET = {
  ...defaultNetwork(),
  name: "net",
  subnets: [{ subnet: "192.0.2.0/24", gateway: "192.0.2.1" }, { subnet: "2001:db8::/64" }],
};
const request = (static_ips: string[]) => ({
  ...{ container_id: "a", container_name: "web", port_mappings: [], network_info: { net: NET } },
  networks: { net: { static_ips, static_mac: "02:00:00:00:00:01", interface_name: "eth0", aliases: [] } },
});

test("leased addresses have the prefix length and the gateway of their subnets", () => {
  expect(describeInterfaces({ request: request(["192.0.2.7", "2001:db8::7"]) }, NET)).toEqual({
    eth0: {
      subnets: [{ ipnet: "192.0.2.7/24", gateway: "192.0.2.1" }, { ipnet: "2001:db8::7/64" }],
      mac_address: "02:00:00:00:00:01",
    },
  });
});

test("given addresses are shown as they were given", () => {
  const subnets = [{ ipnet: "198.51.100.7/24" }];
  const given = { net: { subnets, nameServers: [], searchDomains: [] } };
  expect(describeInterfaces({ request: request([]), given }, NET)).toEqual({
    eth0: { subnets, mac_address: "02:00:00:00:00:01" },
  });
});

test("nothing is shown of one that is in other networks, or that has no addresses yet", () => {
  expect(describeInterfaces({ request: request([]) }, { ...NET, name: "other" })).toBeUndefined();
  expect(describeInterfaces({ request: undefined }, NET)).toBeUndefined();
});
