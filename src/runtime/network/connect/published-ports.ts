import { familyOf } from "../../../ip-address.ts";
import type { PortMapping } from "../../../options/requests/run-request.ts";
import { RuntimeError } from "../../error.ts";
import { probePort } from "./port-probe.ts";

/** A port of the host's, or a range of them, whatever it leads to. */
export type HostPort = Omit<PortMapping, "containerPort">;

/** The ports that an owner, a container or a pod, publishes on the host. */
export interface PublishedPorts {
  readonly name: string;
  readonly ports: readonly HostPort[];
}

/** Between well-known ports and those that the kernel gives to connections (ip_local_port_range): 10000 to 32767. */
const FIRST_CHOICE = 10_000;
const LAST_CHOICE = 32_767;
const ATTEMPTS = 200;

/**
 * The ports with a host port each: where none was asked for, one that is free now, and that neither `others` nor
 * `ports` have. Throws "network" where none is found.
 */
export function chooseHostPorts(
  ports: readonly PortMapping[],
  others: readonly PublishedPorts[],
  probe = probePort,
): PortMapping[] {
  const used: HostPort[] = [
    ...ports.filter(({ hostPort }) => hostPort !== 0),
    ...others.flatMap((other) => other.ports),
  ];
  return ports.map((port) => {
    if (port.hostPort !== 0) return port;
    const chosen = chooseHostPort(port, used, probe);
    used.push(chosen);
    return chosen;
  });
}

function chooseHostPort(port: PortMapping, used: readonly HostPort[], probe: typeof probePort): PortMapping {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const hostPort = FIRST_CHOICE + Math.floor(Math.random() * (LAST_CHOICE - FIRST_CHOICE - port.range));
    const candidate = { ...port, hostPort };
    if (used.some((other) => portsCollide(candidate, other))) continue;
    if (each(candidate).every((number) => probe(port.protocol, port.hostIp, number) === "free")) return candidate;
  }
  throw new RuntimeError("network", `no free port of the host was found for port ${port.containerPort}`);
}

/**
 * Throws "network" for the first port that cannot be published: one that is in `ports` twice, that another owner
 * publishes, that a process on the host listens on, or of an address that is not the machine's. Firewall rules of other
 * programs are not seen.
 */
export function checkPorts(ports: readonly PortMapping[], others: readonly PublishedPorts[], probe = probePort): void {
  for (const [index, port] of ports.entries()) {
    const twin = ports.slice(0, index).find((other) => portsCollide(port, other));
    if (twin !== undefined) throw taken(port, port.hostPort, "is published twice");
    checkOwners(port, others);
    checkHost(port, probe);
  }
}

function checkOwners(port: PortMapping, others: readonly PublishedPorts[]): void {
  for (const { name, ports } of others) {
    const other = ports.find((candidate) => portsCollide(port, candidate));
    if (other !== undefined) throw taken(port, Math.max(port.hostPort, other.hostPort), `is taken by ${name}`);
  }
}

function checkHost(port: PortMapping, probe: typeof probePort): void {
  for (const number of each(port)) {
    const found = probe(port.protocol, port.hostIp, number);
    if (found === "taken") throw taken(port, number, "is taken by a process of the host");
    if (found === "no-address")
      throw new RuntimeError("network", `publish port ${number}: ${port.hostIp} is no address of this machine`);
  }
}

/** The port of the name server that a network with names has at its bridge's own address. */
const DNS_PORT = 53;

/**
 * Throws "network" for a port that would be taken from the name server of a network with names: published at every
 * address, 53 is also that of the bridge, and no container of the network finds another by its name any more.
 */
export function leaveNameServer(ports: readonly PortMapping[], network: string): void {
  for (const port of ports) {
    const isDns = port.hostPort <= DNS_PORT && DNS_PORT < port.hostPort + port.range && port.protocol !== "sctp";
    if (!isDns || !["", "0.0.0.0", "::"].includes(port.hostIp)) continue;
    const remedy = `publish it at one address of the host (192.0.2.1:53:${port.containerPort})`;
    throw taken(port, DNS_PORT, `would take that of the name server of network ${network}: ${remedy}`);
  }
}

/** Whether both have a port of an address in common. */
export function portsCollide(one: HostPort, other: HostPort): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostPort < other.hostPort + other.range &&
    other.hostPort < one.hostPort + one.range &&
    addressesMeet(one.hostIp, other.hostIp)
  );
}

const ALL_IPV4 = "0.0.0.0";
const ALL_IPV6 = "::";

/** Whether one address includes the other; "" is all addresses of both families. */
function addressesMeet(one: string, other: string): boolean {
  if (one === "" || other === "" || one === other) return true;
  if (familyOf(one) !== familyOf(other)) return false;
  return [one, other].some((address) => address === ALL_IPV4 || address === ALL_IPV6);
}

function each({ hostPort, range }: PortMapping): number[] {
  return Array.from({ length: range }, (_, index) => hostPort + index);
}

function taken({ hostIp, protocol }: PortMapping, number: number, why: string): RuntimeError {
  const address = hostIp === "" ? "" : familyOf(hostIp) === 6 ? `[${hostIp}]:` : `${hostIp}:`;
  return new RuntimeError("network", `publish port ${address}${number}/${protocol}: the port ${why}`);
}
