import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseSubnet, type Subnet } from "../../../ip-address.ts";
import { fields, list, optional, text } from "../../../json-fields.ts";
import type { Scope } from "../../../scope.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { damagedDefinitions, surveyDefinitions } from "../../../state/network-definitions.ts";
import { readIfThere } from "../../../system/files.ts";
import { readBounded } from "../../../system/read-bounded.ts";
import { parseIpv4Routes, parseIpv6Routes, type Route } from "./route-table.ts";

/** The networks, routes and interfaces that a new network must not collide with. */
export interface HostFacts {
  /** Networks of this scope. */
  readonly networks: readonly NetworkDefinition[];
  /** The machine's routes. */
  readonly routes: readonly Route[];
  /** Subnets that a request may name but a plan does not choose: podman's, and those in damaged definitions. */
  readonly avoided: readonly Subnet[];
  /** Names of the machine's network interfaces, and of bridges in damaged definitions. */
  readonly interfaces: readonly string[];
  readonly now: Date;
  /** Returns `count` random bytes. */
  readonly random: (count: number) => Uint8Array;
}

/** The longest of podman's definitions that is read: bytes. */
const PODMAN_MAX = 1024 * 1024;

/** The folders of root's networks in podman. */
const PODMAN_NETWORKS = ["/etc/containers/networks", "/var/lib/containers/networks"] as const;

/** Reads what a new network must not collide with, from this process's network namespace. */
export function readHostFacts(scope: Scope): HostFacts {
  const networks = surveyDefinitions(scope).records;
  const damaged = damagedDefinitions(scope);
  const bridges = new Set(networks.map(({ network_interface: bridge }) => bridge));
  return {
    networks,
    routes: readRoutes().filter(({ device }) => !bridges.has(device)),
    avoided: [...(scope.kind === "system" ? podmanSubnets() : []), ...damaged.flatMap(subnetsIn)],
    interfaces: [...readdirSync("/sys/class/net"), ...damaged.flatMap((text) => text.match(/\bberth\d+\b/g) ?? [])],
    now: new Date(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  };
}

function readRoutes(): Route[] {
  // A kernel without IPv6 does not have the second table.
  return [
    ...parseIpv4Routes(readIfThere("/proc/net/route") ?? ""),
    ...parseIpv6Routes(readIfThere("/proc/net/ipv6_route") ?? ""),
  ];
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

/** What is a subnet in a text, between quotes. */
function subnetsIn(text: string): Subnet[] {
  return [...text.matchAll(/"([0-9a-fA-F.:]{2,45}\/\d{1,3})"/g)].flatMap(
    ([, subnet = ""]) => parseSubnet(subnet) ?? [],
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
    return podmanDefinition(JSON.parse(readBounded(path, PODMAN_MAX)?.toString() ?? ""), "", (why) => {
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
