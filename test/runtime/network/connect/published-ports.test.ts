import { describe, expect, test } from "bun:test";
import type { PortMapping } from "../../../../src/options/requests/run-request.ts";
import { probePort } from "../../../../src/runtime/network/connect/port-probe.ts";
import {
  checkPorts,
  chooseHostPorts,
  leaveNameServer,
  portsCollide,
} from "../../../../src/runtime/network/connect/published-ports.ts";

const port = (hostPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  ...{ hostIp: "", hostPort, containerPort: 80, range: 1, protocol: "tcp" },
  ...more,
});
const free = () => "free" as const;

test.each([
  [port(80), port(80), true],
  [port(80), port(81), false],
  [port(80), port(80, { protocol: "udp" }), false],
  [port(80, { range: 3 }), port(82), true],
  [port(80, { range: 3 }), port(83), false],
  [port(80, { hostIp: "192.0.2.1" }), port(80), true],
  [port(80, { hostIp: "192.0.2.1" }), port(80, { hostIp: "192.0.2.2" }), false],
  [port(80, { hostIp: "192.0.2.1" }), port(80, { hostIp: "0.0.0.0" }), true],
  [port(80, { hostIp: "::1" }), port(80, { hostIp: "0.0.0.0" }), false],
  [port(80, { hostIp: "::1" }), port(80, { hostIp: "::" }), true],
])("%j and %j collide: %p", (one, other, collide) => {
  expect(portsCollide(one, other)).toBe(collide);
  expect(portsCollide(other, one)).toBe(collide);
});

test("a port that another container publishes is refused, with its name", () => {
  const others = [{ name: "web", ports: [port(8080, { range: 10 })] }];
  expect(() => checkPorts([port(8085)], others, free)).toThrow("publish port 8085/tcp: the port is taken by web");
  expect(() => checkPorts([port(1), port(1)], [], free)).toThrow("publish port 1/tcp: the port is published twice");
  expect(() => checkPorts([port(8085, { protocol: "udp" })], others, free)).not.toThrow();
});

describe("on this machine", () => {
  test.each(["127.0.0.1", "0.0.0.0", ""])("a listener's port is taken, of %j too", (hostIp) => {
    using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const message = `${listener.port}/tcp: the port is taken by a process of the host`;
    expect(() => checkPorts([port(listener.port, { hostIp })], [])).toThrow(message);
    expect(() => checkPorts([port(listener.port, { hostIp: "127.0.0.2" })], [])).not.toThrow();
  });

  test("a UDP socket's port is taken for UDP alone", async () => {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
    expect(probePort("udp", "", socket.port)).toBe("taken");
    expect(probePort("tcp", "127.0.0.1", socket.port)).toBe("free");
    socket.close();
    expect(probePort("udp", "", socket.port)).toBe("free");
  });

  test("an address of somebody else's is refused", () => {
    expect(() => checkPorts([port(80, { hostIp: "192.0.2.99" })], [])).toThrow(
      "publish port 80: 192.0.2.99 is no address of this machine",
    );
  });

  test("ports are chosen where none is asked for, ranges in one piece", () => {
    const [one, two, three] = chooseHostPorts([port(0), port(8080), port(0, { range: 20 })], []);
    expect(two?.hostPort).toBe(8080);
    for (const chosen of [one, three]) expect(chosen?.hostPort).toBeGreaterThanOrEqual(10_000);
    const seen: number[] = [];
    const only = (protocol: string, _: string, number: number) => {
      seen.push(number);
      return protocol === "tcp" ? ("taken" as const) : ("free" as const);
    };
    expect(() => chooseHostPorts([port(0)], [], only)).toThrow("no free port of the host was found for port 80");
    expect(new Set(seen).size).toBeGreaterThan(10);
  });

  test("a port that is chosen is none that another container publishes, which no process listens on", () => {
    const others = [{ name: "web", ports: [port(1, { range: 20_000 })] }];
    for (let choice = 0; choice < 50; choice++)
      expect(chooseHostPorts([port(0)], others, free)[0]?.hostPort).toBeGreaterThan(20_000);
  });
});

test("no port is taken from the name server of a network", () => {
  const dns = { hostIp: "", hostPort: 53, containerPort: 53, range: 1, protocol: "udp" } as const;
  for (const port of [
    dns,
    { ...dns, protocol: "tcp" },
    { ...dns, hostIp: "0.0.0.0" },
    { ...dns, hostPort: 50, range: 10 },
  ] as const)
    expect(() => leaveNameServer([port], "lab")).toThrow("name server of network lab: publish it at one address");
  for (const port of [
    { ...dns, hostIp: "192.0.2.1" },
    { ...dns, hostPort: 54 },
    { ...dns, hostPort: 0 },
  ] as const)
    leaveNameServer([port], "lab");
});
