import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import { removeIfThere } from "../../../system/files.ts";
import { PLAIN_ENVIRONMENT } from "../../../system/process.ts";
import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";
import { missingFirewallProgram, netavarkVersion } from "./firewall-program.ts";
import type { NetavarkRequest } from "./netavark-request.ts";
import { netavarkError } from "./netavark-result.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** The folder for netavark's own files, those of the DNS server and of the firewall. */
export const netavarkDir = (scope: Scope) => join(scope.runtimeDir, "netavark");

/** How netavark is to run. */
export interface NetavarkRun {
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
  /** More words before the verb. */
  readonly flags?: readonly string[];
  /** Whether it leaves the firewall alone. */
  readonly withoutFirewall?: boolean;
}

/**
 * Runs netavark on a namespace. The caller holds netavark's lock for bridges. Returns its output, which only ends with
 * the DNS server if netavark has started that. Throws "network" with its message.
 */
export async function runNetavark(
  scope: Scope,
  verb: "setup" | "teardown",
  namespace: NetworkNamespace,
  request: NetavarkRequest,
  { timeout, flags = [], withoutFirewall = false }: NetavarkRun = {},
): Promise<{ readonly output: Promise<string> }> {
  const child = Bun.spawn([findProgram("netavark"), "--config", netavarkDir(scope), ...flags, verb, namespace.path], {
    stdin: Buffer.from(JSON.stringify(request)),
    stdout: "pipe",
    stderr: "pipe",
    env: withoutFirewall ? { ...PLAIN_ENVIRONMENT, NETAVARK_FW: "none" } : PLAIN_ENVIRONMENT,
    ...(timeout === undefined ? {} : { timeout }),
  });
  const output = new Response(child.stdout).text();
  const complaint = new Response(child.stderr).text();
  // If netavark has started the DNS server, that may keep the other end of the pipes open as long as it lives.
  if ((await child.exited) === 0) return { output };
  if (child.signalCode !== null) throw new RuntimeError("network", `netavark ${verb}: ended by ${child.signalCode}`);
  const [stdout, stderr] = await Promise.all([output, complaint]);
  throw new RuntimeError("network", `netavark ${verb}: ${withRemedy(netavarkError(stdout, stderr))}`);
}

/**
 * Removes the file in which netavark has noted a container's published ports of a network, for its own reload
 * (netavark, src/firewall/state.rs); it is there without ports, too.
 */
export function forgetContainer(scope: Scope, networkId: string, container: string): void {
  removeIfThere(join(netavarkDir(scope), "firewall", "ports", `${networkId}_${container}`));
}

/** netavark says of a program that it cannot run no more than ENOENT. */
function withRemedy(message: string): string {
  const missing = /os error 2\b/.test(message) ? missingFirewallProgram() : undefined;
  if (missing === undefined) return message;
  return `${message}; it needs ${missing.program}, which is not installed (Debian package ${missing.package})`;
}

/**
 * Throws "bad-request" for `what` a network asks of netavark, where netavark is older than 1.6 (its release notes) or
 * the network is a user's.
 */
export function checkNetavark(scope: Scope, network: string, what: string): void {
  const fail = (why: string) => new RuntimeError("bad-request", `network ${network}: ${what} ${why}`);
  if (scope.kind === "user") throw fail("are for networks of the system");
  const version = netavarkVersion();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 1 || (major === 1 && minor < 6)) throw fail(`need netavark 1.6, and this is ${version || "another one"}`);
}
