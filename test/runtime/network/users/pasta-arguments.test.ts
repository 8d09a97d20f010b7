import { expect, test } from "bun:test";
import type { PortMapping } from "../../../../src/options/requests/run-request.ts";
import { pastaCommand } from "../../../../src/runtime/network/users/pasta-arguments.ts";

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
