import { expect, test } from "bun:test";
import {
  formatHosts,
  formatResolvConf,
  type ResolverRequest,
} from "../../../../src/runtime/network/names/etc-files.ts";

const HOSTS = {
  base: "",
  added: [],
  addresses: [] as string[],
  gateway: undefined,
  hostname: "box",
  name: "systemd-app",
};

test("hosts: added names first, then the host's, then the host itself and the container", () => {
  const text = formatHosts({
    ...HOSTS,
    base: "# the host's\n127.0.0.1   localhost  \n\n10.1.2.3\tdb db.example # a comment\n192.0.2.9\n",
    added: [
      { names: ["peer", "other"], address: "192.0.2.7" },
      { names: ["gate"], address: "host-gateway" },
    ],
    addresses: ["10.87.0.5"],
    gateway: "10.87.0.1",
  });
  expect(text.split("\n")).toEqual([
    "192.0.2.7\tpeer other",
    "10.87.0.1\tgate",
    "127.0.0.1\tlocalhost",
    "10.1.2.3\tdb db.example",
    "10.87.0.1\thost.containers.internal host.docker.internal",
    "10.87.0.5\tbox systemd-app",
    "",
  ]);
});

test("hosts: localhost is always there, and names come once", () => {
  expect(formatHosts({ ...HOSTS, base: "#127.0.0.1 localhost\n" })).toBe("127.0.0.1\tlocalhost\n::1\tlocalhost\n");
  expect(formatHosts({ ...HOSTS, base: "::1 localhost", addresses: ["127.0.0.1"], hostname: "app", name: "app" })).toBe(
    "::1\tlocalhost\n127.0.0.1\tapp\n",
  );
});

test("hosts: without a gateway the host is this machine", () => {
  const added = [{ names: ["gate"], address: "host-gateway" }];
  expect(formatHosts({ ...HOSTS, added, base: "127.0.0.1 localhost" })).toStartWith("127.0.0.1\tgate\n");
});

const RESOLV = "# stub\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\noptions edns0\nsearch example\n";

const NOTHING = { dns: [], dnsSearch: [], dnsOptions: [] };
const HOST_WORDS = "search example\n";

test.each([
  [
    "the host's, in its own network",
    NOTHING,
    [],
    false,
    `${HOST_WORDS}nameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\noptions edns0\n`,
  ],
  [
    "without loopback resolvers in another network",
    NOTHING,
    [],
    true,
    `${HOST_WORDS}nameserver 192.0.2.53\noptions edns0\n`,
  ],
  [
    "given ones in place of the host's",
    { ...NOTHING, dns: ["192.0.2.1", "2001:db8::1"] },
    [],
    true,
    `${HOST_WORDS}nameserver 192.0.2.1\nnameserver 2001:db8::1\noptions edns0\n`,
  ],
  [
    "given search domains before the host's, given options in place of them",
    { ...NOTHING, dnsSearch: ["a.example"], dnsOptions: ["ndots:1", "rotate"] },
    [],
    true,
    "search a.example example\nnameserver 192.0.2.53\noptions ndots:1 rotate\n",
  ],
  ["no search domain at all", { ...NOTHING, dnsSearch: ["."] }, [], true, "nameserver 192.0.2.53\noptions edns0\n"],
  [
    "a network's name servers alone, in the containers' own domain",
    { ...NOTHING, dns: ["192.0.2.1"] },
    ["10.86.0.1", "fd00::1"],
    true,
    "search dns.podman\nnameserver 10.86.0.1\nnameserver fd00::1\noptions edns0\n",
  ],
  [
    "given search domains in place of the containers' own",
    { ...NOTHING, dnsSearch: ["a.example"] },
    ["10.86.0.1"],
    true,
    "search a.example\nnameserver 10.86.0.1\noptions edns0\n",
  ],
] as [string, ResolverRequest, string[], boolean, string][])("resolv.conf: %s", (_, asked, servers, own, expected) => {
  const searchDomains = servers.length === 0 ? [] : ["dns.podman"];
  expect(formatResolvConf(RESOLV, asked, { nameServers: servers, searchDomains, resolvers: [] }, own)).toBe(expected);
});

test("resolv.conf: the network's own resolver comes before the host's, and not beside given ones", () => {
  const own = { nameServers: [], searchDomains: [], resolvers: ["169.254.1.1"] };
  expect(formatResolvConf(RESOLV, NOTHING, own, true)).toBe(
    `${HOST_WORDS}nameserver 169.254.1.1\nnameserver 192.0.2.53\noptions edns0\n`,
  );
  expect(formatResolvConf("search example\n", NOTHING, own, true)).toBe("search example\nnameserver 169.254.1.1\n");
  expect(formatResolvConf(RESOLV, { ...NOTHING, dns: ["192.0.2.1"] }, own, true)).not.toContain("169.254.1.1");
});
