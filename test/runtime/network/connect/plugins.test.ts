import { expect, test } from "bun:test";
import { completeByAnswer, pluginRequest } from "../../../../src/runtime/network/connect/plugins.ts";
import type { NetworkCreateRequest } from "../../../../src/runtime/network/definitions/create-request.ts";

const REQUEST: NetworkCreateRequest = {
  name: "net",
  driver: "mine",
  subnets: [],
  ipv6: false,
  internal: false,
  disableDns: false,
  dns: [],
  interfaceName: undefined,
  ipamDriver: undefined,
  options: {},
  labels: {},
};
const NOW = new Date("2026-01-02T03:04:05Z");
const ASKED = pluginRequest(REQUEST, NOW);

test("a plugin is asked with what the command line says, and no addresses", () => {
  expect(ASKED).toEqual({
    name: "net",
    id: new Bun.CryptoHasher("sha256").update("net").digest("hex"),
    driver: "mine",
    created: "2026-01-02T03:04:05.000Z",
    subnets: [],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: true,
    ipam_options: { driver: "none" },
    labels: {},
    options: {},
  });
});

test("a plugin is asked with subnets, gateways, interface and resolvers where they are given", () => {
  const subnets = [
    { subnet: "192.0.2.0/24", gateway: "192.0.2.1", range: undefined },
    { subnet: "2001:db8::/64", gateway: undefined, range: undefined },
  ];
  const asked = pluginRequest({ ...REQUEST, subnets, interfaceName: "br7", dns: ["192.0.2.53"] }, NOW);
  expect(asked.subnets).toEqual([{ subnet: "192.0.2.0/24", gateway: "192.0.2.1" }, { subnet: "2001:db8::/64" }]);
  expect(asked.network_interface).toBe("br7");
  expect(asked.network_dns_servers).toEqual(["192.0.2.53"]);
});

test("a range of addresses is refused", () => {
  const subnets = [{ subnet: "192.0.2.0/24", gateway: undefined, range: "192.0.2.128/25" }];
  expect(() => pluginRequest({ ...REQUEST, subnets }, NOW)).toThrow(
    "network net: a range of addresses cannot be set with a plugin",
  );
});

test("an answer adds to the request, and what is null or absent in it stays as asked", () => {
  const { name, id, driver } = ASKED;
  const subnets = [{ subnet: "192.0.2.0/24" }];
  const answer = { name, id, driver, subnets, network_interface: "br9", labels: null };
  expect(completeByAnswer(ASKED, answer)).toEqual({ ...ASKED, subnets, network_interface: "br9" });
});

test.each([
  ["nothing", undefined, "plugin mine answers with another network"],
  ["another name", { ...ASKED, name: "other" }, "plugin mine answers with another network"],
  ["another ID", { ...ASKED, id: "0" }, "plugin mine answers with another network"],
  ["another driver", { ...ASKED, driver: "bridge" }, "plugin mine answers with another network"],
  ["a subnet that is none", { ...ASKED, subnets: [{ subnet: "x" }] }, 'plugin mine: "x" is not a subnet'],
] as [string, unknown, string][])("an answer with %s is refused", (_, answer, message) => {
  expect(() => completeByAnswer(ASKED, answer)).toThrow(`network net: ${message}`);
});
