import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSubnet, type Subnet } from "../../../ip-address.ts";
import { fields, list, optional, text } from "../../../json-fields.ts";
import type { Scope } from "../../../scope.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { listDefinitions } from "../../../state/network-definitions.ts";

/** The networks, routes and interfaces that a new network must not collide with. */
export interface HostFacts {
  /** Networks of this scope. */
  readonly networks: readonly NetworkDefinition[];
  /** The machine's routes. */
  readonly routes: readonly { readonly subnet: Subnet; readonly device: string }[];
  /** Subnets that a request may name but a plan does not choose: those of podman's networks. */
  readonly avoided: readonly Subnet[];
  /** Names of the machine's network interfaces. */
  readonly interfaces: readonly string[];
  readonly now: Date;
  /** Returns `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
}

/** The folders of root's networks in podman. */
const PODMAN_NETWORKS = ["/etc/containers/networks", "/var/lib/containers/networks"] as const;

/** Reads what a new network must not collide with, from this process's network namespace. */
export function readHostFacts(scope: Scope): HostFacts {
  const networks = listDefinitions(scope);
  const bridges = new Set(networks.map(({ network_interface: bridge }) => bridge));
  return {
    networks,
    routes: machineRoutes().filter(({ device }) => !bridges.has(device)),
    avoided: scope.kind === "system" ? podmanSubnets() : [],
    interfaces: readdirSync("/sys/class/net"),
    now: new Date(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  };
}

interface Route {
  readonly device: string;
  readonly subnet: Subnet;
}

/** The main table's routes, proc_pid_net(5), without default routes, single addresses and the loopback interface's. */
function machineRoutes(): Route[] {
  const ipv4 = readLines("/proc/net/route")
    .slice(1)
    .flatMap((line) => {
      const [device = "", destination = "", , , , , , mask = ""] = line.split("\t");
      // Four bytes as one number in the machine's byte order, little-endian: the last byte comes first.
      const bytes = (hex: string) => (hex.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
      const bits = bytes(mask)
        .map((byte) => byte.toString(2).replaceAll("0", "").length)
        .reduce((sum, count) => sum + count, 0);
      return route(device, `${bytes(destination).join(".")}/${bits}`);
    });
  const ipv6 = readLines("/proc/net/ipv6_route").flatMap((line) => {
    const [destination = "", length = "", ...rest] = line.split(/\s+/);
    const device = rest[rest.length - 1] ?? "";
    return route(device, `${(destination.match(/.{4}/g) ?? []).join(":")}/${Number.parseInt(length, 16)}`);
  });
  return [...ipv4, ...ipv6];
}

function route(device: string, text: string): Route[] {
  const subnet = parseSubnet(text);
  if (subnet === undefined || device === "lo" || subnet.bits === 0) return [];
  // Link-local and multicast addresses are on every interface.
  if (subnet.family === 6 && (subnet.bits === 128 || subnet.base >> 118n === 0x3fan || subnet.base >> 120n === 0xffn))
    return [];
  return [{ device, subnet }];
}

/**
 * Subnets of podman's networks that have a file, whether up or not. podman's default network is outside of berth's
 * pools.
 */
function podmanSubnets(): Subnet[] {
  return PODMAN_NETWORKS.flatMap((directory) =>
    listFiles(directory).flatMap((file) =>
      (readJson(join(directory, file))?.subnets ?? []).flatMap(({ subnet }) => parseSubnet(subnet ?? "") ?? []),
    ),
  );
}

interface PodmanDefinition {
  readonly subnets?: readonly { readonly subnet?: string }[];
}

const podmanDefinition = fields<PodmanDefinition>({
  subnets: optional(list(fields<{ readonly subnet?: string }>({ subnet: optional(text) }))),
});

function readJson(path: string): PodmanDefinition | undefined {
  try {
    return podmanDefinition(JSON.parse(readFileSync(path, "utf8")), "", (why) => {
      throw new Error(why);
    });
  } catch {
    // podman's file, not berth's: one that cannot be read reserves no addresses.
    return undefined;
  }
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").trimEnd().split("\n");
  } catch {
    // A kernel without IPv6 has no such table.
    return [];
  }
}
