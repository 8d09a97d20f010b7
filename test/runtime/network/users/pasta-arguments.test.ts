import { expect, test } from "bun:test";
import type { PortMapping } from "../../../../src/options/requests/run-request.ts";
import {
  pastaCommand,
  publisherArguments,
  routeArguments,
} from "../../../../src/runtime/network/users/pasta-arguments.ts";

const PORT: PortMapping = { hostIp: "", hostPort: 8080, containerPort: 80, range: 1, protocol: "tcp" };

function words(options: string[], ports: PortMapping[] = [], mapsGuestAddress = true): string {
  return pastaCommand({ path: "/run/user/1/n", options, ports, mapsGuestAddress }).args.join(" ");
}

test("nothing published: everything that pasta forwards unasked is turned off", () => {
  expect(words([])).toBe(
    "--config-net --dns-forward 169.254.1.1 -t none -u none -T none -U none --no-map-gw --quiet --map-guest-addr 169.254.1.2 --netns /run/user/1/n",
  );
  expect(words([], [], false)).not.toContain("--map-guest-addr");
});

test("published ports, with address, range and protocol", () => {
  const text = words(
    [],
    [
      { ...PORT, hostIp: "127.0.0.1" },
      { ...PORT, hostIp: "::1", hostPort: 9000, containerPort: 7000, range: 3 },
      { ...PORT, protocol: "udp" },
    ],
  );
  expect(text).toContain("-t 127.0.0.1/8080-8080:80-80 -t ::1/9000-9002:7000-7002 -u 8080-8080:80-80");
  expect(text).toContain("-T none -U none");
  expect(text).not.toMatch(/-[tu] none/);
  expect(() => words([], [{ ...PORT, protocol: "sctp" }])).toThrow("not sctp");
});

test("the user's options stand in place of berth's", () => {
  expect(
    words(["-T", "5432", "--mtu", "1500", "--map-gw", "--dns-forward=192.0.2.1", "--map-guest-addr", "192.0.2.2"]),
  ).toBe(
    "--config-net -T 5432 --mtu 1500 --dns-forward=192.0.2.1 --map-guest-addr 192.0.2.2 -t none -u none -U none --quiet --netns /run/user/1/n",
  );
  const { resolvers, hostAddresses } = pastaCommand({
    path: "n",
    options: ["--dns-forward=192.0.2.1", "--map-guest-addr", "192.0.2.2"],
    ports: [],
    mapsGuestAddress: true,
  });
  expect([resolvers, hostAddresses]).toEqual([["192.0.2.1"], ["192.0.2.2"]]);
});

test("a pasta that only publishes ports forwards no others, and nothing from inside", () => {
  const args = (...ports: PortMapping[]) => publisherArguments(ports, "/run/user/1/n").join(" ");
  expect(args(PORT)).toBe("-t 8080-8080:80-80 -u none -T none -U none --no-map-gw --quiet --netns /run/user/1/n");
  expect(args(PORT, { ...PORT, protocol: "udp" })).toBe(
    "-t 8080-8080:80-80 -u 8080-8080:80-80 -T none -U none --no-map-gw --quiet --netns /run/user/1/n",
  );
  expect(() => args({ ...PORT, protocol: "sctp" })).toThrow("pasta publishes tcp and udp ports, not sctp");
});

test.each([
  ["192.0.2.2", undefined, "-I pasta0 -a 192.0.2.2 -n 32 -g 169.254.77.1 -4"],
  [undefined, "2001:db8::2", "-I pasta0 -6 -a 2001:db8::2 -g fe80::77:1"],
  ["192.0.2.2", "2001:db8::2", "-I pasta0 -a 192.0.2.2 -n 32 -g 169.254.77.1 -a 2001:db8::2 -g fe80::77:1"],
])("a container with the addresses %s and %s has them on pasta's interface", (ipv4, ipv6, args) => {
  expect(routeArguments({ ipv4, ipv6, ports: [PORT] }).join(" ")).toBe(args);
});
