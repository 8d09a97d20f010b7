import { expect, test } from "bun:test";
import { formatHosts, formatResolvConf } from "../../../src/runtime/network/etc-files.ts";

const HOSTS = { base: "", added: [], address: undefined, gateway: undefined, hostname: "box", name: "systemd-app" };

test("hosts: added names first, then the host's, then the host itself and the container", () => {
  const text = formatHosts({
    ...HOSTS,
    base: "# the host's\n127.0.0.1   localhost  \n\n10.1.2.3\tdb db.example # a comment\n192.0.2.9\n",
    added: [
      { names: ["peer", "other"], address: "192.0.2.7" },
      { names: ["gate"], address: "host-gateway" },
    ],
    address: "10.87.0.5",
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
  expect(formatHosts({ ...HOSTS, base: "::1 localhost", address: "127.0.0.1", hostname: "app", name: "app" })).toBe(
    "::1\tlocalhost\n127.0.0.1\tapp\n",
  );
});

test("hosts: without a gateway the host is this machine", () => {
  const added = [{ names: ["gate"], address: "host-gateway" }];
  expect(formatHosts({ ...HOSTS, added, base: "127.0.0.1 localhost" })).toStartWith("127.0.0.1\tgate\n");
});

const RESOLV = "# stub\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\noptions edns0\nsearch example\n";

test.each([
  ["the host's, in its own network", [], false, RESOLV],
  [
    "without loopback resolvers in another network",
    [],
    true,
    "# stub\nnameserver 192.0.2.53\noptions edns0\nsearch example\n",
  ],
  [
    "given ones in place of the host's",
    ["192.0.2.1", "2001:db8::1"],
    true,
    "# stub\noptions edns0\nsearch example\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
  ],
] as [string, string[], boolean, string][])("resolv.conf: %s", (_, resolvers, ownNetwork, expected) => {
  expect(formatResolvConf(RESOLV, resolvers, ownNetwork)).toBe(expected);
});

test("resolv.conf: the network's own resolver comes before the host's, and not beside given ones", () => {
  expect(formatResolvConf(RESOLV, [], true, ["169.254.1.1"])).toBe(
    "# stub\nnameserver 169.254.1.1\nnameserver 192.0.2.53\noptions edns0\nsearch example\n",
  );
  expect(formatResolvConf("search example\n", [], true, ["169.254.1.1"])).toBe(
    "search example\nnameserver 169.254.1.1\n",
  );
  expect(formatResolvConf(RESOLV, ["192.0.2.1"], true, ["169.254.1.1"])).not.toContain("169.254.1.1");
});
