import { expect, test } from "bun:test";
import type { PortMapping } from "../../../../src/options/requests/run-request.ts";
import { returnRouteOf, returnRouteScript } from "../../../../src/runtime/network/users/return-route.ts";

const port = (rest: Partial<PortMapping> = {}): PortMapping => ({
  ...{ protocol: "tcp", hostIp: "", hostPort: 8080, containerPort: 80, range: 1 },
  ...rest,
});

test.each([
  [["192.0.2.2"], "192.0.2.2", undefined],
  [["2001:db8::2", "192.0.2.2", "198.51.100.2"], "192.0.2.2", "2001:db8::2"],
  [["2001:db8::2"], undefined, "2001:db8::2"],
] as [string[], string | undefined, string | undefined][])(
  "of the addresses %j ports lead to %s and %s",
  (addresses, ipv4, ipv6) => {
    expect(returnRouteOf(addresses, [])).toEqual({ ipv4, ipv6, ports: [] });
  },
);

test("without an address ports cannot be published", () => {
  expect(() => returnRouteOf([], [port()])).toThrow("ports cannot be published: the container has no address");
});

test("answers from IPv4 ports leave by pasta's interface, after routes to the container's own networks", () => {
  const ports = [port(), port({ protocol: "udp", containerPort: 5000, range: 3 })];
  expect(returnRouteScript({ ipv4: "192.0.2.2", ipv6: undefined, ports }).split("\n")).toEqual([
    "ip link set pasta0 up",
    "echo 0 > /proc/sys/net/ipv4/conf/pasta0/rp_filter",
    "ip -4 route add default via 169.254.77.1 dev pasta0 onlink src 192.0.2.2 table 7700",
    "ip -4 rule add priority 7700 lookup main suppress_prefixlength 0",
    "ip -4 rule add priority 7701 ipproto tcp sport 80 lookup 7700",
    "ip -4 rule add priority 7701 ipproto udp sport 5000-5002 lookup 7700",
  ]);
});

test("answers from IPv6 ports have rules of their own", () => {
  const script = returnRouteScript({ ipv4: "192.0.2.2", ipv6: "2001:db8::2", ports: [port()] });
  expect(script.split("\n").filter((line) => line.startsWith("ip -6"))).toEqual([
    "ip -6 route add default via fe80::77:1 dev pasta0 onlink src 2001:db8::2 table 7700",
    "ip -6 rule add priority 7700 lookup main suppress_prefixlength 0",
    "ip -6 rule add priority 7701 ipproto tcp sport 80 lookup 7700",
  ]);
});
