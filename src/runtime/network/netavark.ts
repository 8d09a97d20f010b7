import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { lockExclusive, tryLockExclusive } from "../native.ts";
import { findProgram } from "../programs.ts";
import type { NetworkDefinition } from "./definition.ts";
import type { NetworkNamespace } from "./namespace.ts";

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

/** Where netavark keeps its own files: those of the name server, and the firewall's. */
export const netavarkDir = (scope: Scope) => join(scope.runtimeDir, "netavark");

/**
 * The right to change the machine's firewall and bridges, one at a time: netavark looks at what is there, then changes it. It
 * goes with close(), or with the process.
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
  if (wait) lockExclusive(fd);
  else if (!tryLockExclusive(fd)) {
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
 * Runs netavark on a namespace, for `timeout` milliseconds at most. The caller holds the lock where bridges are concerned. Throws
 * "network" with what it says; returns what it says otherwise, which ends with the name server if netavark has started that.
 */
export async function runNetavark(
  scope: Scope,
  verb: "setup" | "teardown",
  namespace: NetworkNamespace,
  request: NetavarkRequest,
  timeout?: number,
): Promise<{ readonly output: Promise<string> }> {
  const child = Bun.spawn([findProgram("netavark"), "--config", netavarkDir(scope), verb, namespace.path], {
    stdin: Buffer.from(JSON.stringify(request)),
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    ...(timeout === undefined ? {} : { timeout }),
  });
  const said = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  // The name server, where netavark starts that, may keep the other end open for as long as it lives.
  if ((await child.exited) === 0) return { output: said.then(([stdout]) => stdout) };
  if (child.signalCode !== null) throw new RuntimeError("network", `netavark ${verb}: ended by ${child.signalCode}`);
  const [stdout, stderr] = await said;
  throw new RuntimeError("network", `netavark ${verb}: ${netavarkError(stdout, stderr)}`);
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
