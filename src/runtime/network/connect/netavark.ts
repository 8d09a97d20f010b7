import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { lockFile, tryLockFile } from "../../../system/lock.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import type { NetworkDefinition } from "../definitions/network-definition.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** netavark's request for one container: what `netavark setup` and `teardown` read on standard input. */
export interface NetavarkRequest {
  readonly container_id: string;
  readonly container_name: string;
  /** What a DHCP server is told. */
  readonly container_hostname?: string;
  readonly port_mappings: readonly NetavarkPort[];
  readonly networks: Readonly<Record<string, NetavarkAttachment>>;
  readonly network_info: Readonly<Record<string, NetworkDefinition>>;
  /** Resolvers of this container alone, for names that are no container's. */
  readonly dns_servers?: readonly string[];
}

export interface NetavarkPort {
  readonly container_port: number;
  readonly host_ip: string;
  readonly host_port: number;
  readonly protocol: string;
  readonly range: number;
}

export interface NetavarkAttachment {
  readonly static_ips: readonly string[];
  readonly static_mac?: string;
  readonly interface_name: string;
  readonly aliases: readonly string[];
}

/** What an interface has from somebody else, a DHCP server or a plugin. */
export interface GivenAddresses {
  readonly subnets: readonly GivenAddress[];
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
}

export interface GivenAddress {
  /** `ADDRESS/BITS`. */
  readonly ipnet: string;
  readonly gateway?: string;
}

/** Where netavark keeps its own files: those of the name server, and the firewall's. */
export const netavarkDir = (scope: Scope) => join(scope.runtimeDir, "netavark");

/**
 * The right to change the machine's firewall and bridges, one at a time: netavark looks at what is there, then changes
 * it. It goes with close(), or with the process.
 */
export interface NetavarkLock {
  close(): void;
}

/** Waits for the lock; with `wait` false it gives up at once, and returns undefined, where somebody else has it. */
export function takeNetavarkLock(scope: Scope, wait: false): NetavarkLock | undefined;
export function takeNetavarkLock(scope: Scope, wait: true): NetavarkLock;
export function takeNetavarkLock(scope: Scope, wait: boolean): NetavarkLock | undefined {
  mkdirSync(netavarkDir(scope), { recursive: true, mode: 0o700 });
  const fd = openSync(join(netavarkDir(scope), "lock"), "a", 0o600);
  if (wait) lockFile(fd, "exclusive");
  else if (!tryLockFile(fd, "exclusive")) {
    closeSync(fd);
    return undefined;
  }
  return { close: () => closeSync(fd) };
}

/** What is in a request of the networks that satisfy `wanted`; undefined if there are none. */
export function partOf(
  request: NetavarkRequest,
  wanted: (definition: NetworkDefinition) => boolean,
): NetavarkRequest | undefined {
  const infos = Object.entries(request.network_info).filter(([, definition]) => wanted(definition));
  if (infos.length === 0) return undefined;
  const network_info = Object.fromEntries(infos);
  const networks = Object.entries(request.networks).filter(([name]) => network_info[name] !== undefined);
  return { ...request, networks: Object.fromEntries(networks), network_info };
}

/**
 * Runs netavark on a namespace, for `timeout` milliseconds at most, with more `flags` before the verb. The caller holds
 * the lock where bridges are concerned. Throws "network" with what it says; returns what it says otherwise, which ends
 * with the name server if netavark has started that.
 */
export async function runNetavark(
  scope: Scope,
  verb: "setup" | "teardown",
  namespace: NetworkNamespace,
  request: NetavarkRequest,
  { timeout, flags = [] }: { readonly timeout?: number; readonly flags?: readonly string[] } = {},
): Promise<{ readonly output: Promise<string> }> {
  const child = Bun.spawn([findProgram("netavark"), "--config", netavarkDir(scope), ...flags, verb, namespace.path], {
    stdin: Buffer.from(JSON.stringify(request)),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    ...(timeout === undefined ? {} : { timeout }),
  });
  const output = new Response(child.stdout).text();
  const complaint = new Response(child.stderr).text();
  // The name server, where netavark starts that, may keep the other end open for as long as it lives.
  if ((await child.exited) === 0) return { output };
  if (child.signalCode !== null) throw new RuntimeError("network", `netavark ${verb}: ended by ${child.signalCode}`);
  const [stdout, stderr] = await Promise.all([output, complaint]);
  throw new RuntimeError("network", `netavark ${verb}: ${netavarkError(stdout, stderr)}`);
}

/** What netavark's `setup` says of a network (netavark, src/network/types.rs: StatusBlock). */
interface NetworkStatus {
  readonly interfaces?: Readonly<Record<string, { readonly subnets?: readonly GivenAddress[] | null }>> | null;
  readonly dns_server_ips?: readonly string[] | null;
  readonly dns_search_domains?: readonly string[] | null;
}

/** The addresses in what netavark's `setup` has said, by network. */
export function givenAddresses(output: string): Record<string, GivenAddresses> {
  const status = JSON.parse(output) as Readonly<Record<string, NetworkStatus>>;
  return Object.fromEntries(
    Object.entries(status).map(([network, { interfaces, dns_server_ips: servers, dns_search_domains: search }]) => {
      const subnets = Object.values(interfaces ?? {}).flatMap(({ subnets: found }) => found ?? []);
      // A DHCP server may be anybody's: nothing but domains gets into a container's files.
      const searchDomains = (search ?? []).filter((domain) => /^[a-zA-Z0-9_.-]+$/.test(domain));
      return [network, { subnets, nameServers: servers ?? [], searchDomains }];
    }),
  );
}

/**
 * Throws "bad-request" where netavark is older than 1.6 (its release notes), or the network is a user's: `what` is what
 * that takes.
 */
export function checkNetavark(scope: Scope, network: string, what: string): void {
  const fail = (why: string) => new RuntimeError("bad-request", `network ${network}: ${what} ${why}`);
  if (scope.kind === "user") throw fail("are for networks of the system");
  const said = Bun.spawnSync([findProgram("netavark"), "--version"], { stderr: "ignore" }).stdout.toString();
  const [, version = "", major = "0", minor = "0"] = /((\d+)\.(\d+)[\d.]*)/.exec(said) ?? [];
  if (Number(major) < 1 || (Number(major) === 1 && Number(minor) < 6))
    throw fail(`need netavark 1.6, and this is ${version || "another one"}`);
}

/** netavark reports on standard output as {"error": …}. */
function netavarkError(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: string };
    if (error !== undefined) return error;
  } catch {
    // Not JSON: say what there is.
  }
  return (stderr || stdout).trim() || "failed without a message";
}
