import { expect, test } from "bun:test";
import { bridgeRequest } from "../../../../src/runtime/network/connect/bridge.ts";
import { defaultNetwork } from "../../../../src/state/network-definition.ts";

test("the request that removes a bridge has an address that is not the gateway's, and no names", () => {
  const subnets = [
    { subnet: "192.0.2.0/24", gateway: "192.0.2.1" },
    { subnet: "198.51.100.0/24", gateway: "198.51.100.254" },
    { subnet: "2001:db8::/64" },
  ];
  const definition = { ...defaultNetwork(), name: "net", subnets, dns_enabled: true };
  const request = bridgeRequest(definition);
  expect(request.networks.net?.static_ips).toEqual(["192.0.2.2", "198.51.100.1", "2001:db8::1"]);
  expect(request.network_info.net).toEqual({ ...definition, dns_enabled: false });
  expect(request.port_mappings).toEqual([]);
});
