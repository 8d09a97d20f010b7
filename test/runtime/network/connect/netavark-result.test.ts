import { expect, test } from "bun:test";
import { givenAddresses, netavarkError } from "../../../../src/runtime/network/connect/netavark-result.ts";

test("addresses, name servers and domains are read by network", () => {
  const subnets = [{ ipnet: "192.0.2.7/24", gateway: "192.0.2.1" }];
  const status = {
    lan: {
      interfaces: { eth0: { mac_address: "02:00:00:00:00:01", subnets } },
      dns_server_ips: ["192.0.2.53"],
      dns_search_domains: ["example.org"],
    },
  };
  expect(givenAddresses(JSON.stringify(status))).toEqual({
    lan: { subnets, nameServers: ["192.0.2.53"], searchDomains: ["example.org"] },
  });
});

test.each([
  ["nothing", {}],
  ["null", { interfaces: null, dns_server_ips: null, dns_search_domains: null }],
  ["an interface without addresses", { interfaces: { eth0: { subnets: null } } }],
])("%s gives no addresses", (_, status) => {
  expect(givenAddresses(JSON.stringify({ lan: status }))).toEqual({
    lan: { subnets: [], nameServers: [], searchDomains: [] },
  });
});

test.each(["", "no JSON", "[", "null", "5"])("an answer %j is refused by its name", (output) => {
  expect(() => givenAddresses(output)).toThrow("netavark setup: read what it reports: ");
});

test("a search domain that would be more than a word of resolv.conf is left out", () => {
  const domains = ["good.example", "a b", "x\nnameserver 192.0.2.66", "", "umlaut-ä"];
  const given = givenAddresses(JSON.stringify({ lan: { dns_search_domains: domains } }));
  expect(given.lan?.searchDomains).toEqual(["good.example"]);
});

test.each([
  ['{"error":"no bridge"}', "ignored", "no bridge"],
  ["{}", "a complaint\n", "a complaint"],
  ["not JSON", "", "not JSON"],
  ["", "", "failed without a message"],
])("netavark that writes %j and %j fails with: %s", (stdout, stderr, message) => {
  expect(netavarkError(stdout, stderr)).toBe(message);
});
