import { accessSync, closeSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { parseSubnet } from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import { RuntimeError } from "../../error.ts";
import { NETWORK_DRIVERS, type NetworkDefinition, usesPlugin } from "../definitions/network-definition.ts";
import type { NetworkCreateRequest } from "../definitions/network-plan.ts";
import { makeStandIn } from "./firewall-rules.ts";
import {
  checkNetavark,
  type GivenAddresses,
  givenAddresses,
  type NetavarkLock,
  type NetavarkRequest,
  partOf,
  runNetavark,
  takeNetavarkLock,
} from "./netavark.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** Where podman looks for netavark's plugins (containers.conf(5), netavark_plugin_dirs). */
const DIRECTORIES = [
  "/usr/local/libexec/netavark",
  "/usr/libexec/netavark",
  "/usr/local/lib/netavark",
  "/usr/lib/netavark",
] as const;

const FLAGS = DIRECTORIES.flatMap((directory) => ["--plugin-directory", directory]);

/** How long a plugin may take for what it is asked: milliseconds. Others wait for it. */
const ANSWER_MS = 30_000;

/**
 * Has a plugin complete the definition of a network: `PLUGIN create` is given what is asked for, and answers with all
 * of it (netavark, plugin-API.md). Throws "bad-request" where there is no such plugin or it refuses.
 */
export function planByPlugin(scope: Scope, request: NetworkCreateRequest, now: Date): NetworkDefinition {
  const { name, driver } = request;
  const fail = (message: string) => new RuntimeError("bad-request", `network ${name}: ${message}`);
  const program = findPlugin(driver);
  if (program === undefined) {
    const own = NETWORK_DRIVERS.join(", ");
    throw fail(`there is no driver ${driver}: it is none of ${own}, and no plugin in ${DIRECTORIES.join(", ")}`);
  }
  checkNetavark(scope, name, "plugins");
  const asked: NetworkDefinition = {
    name,
    id: new Bun.CryptoHasher("sha256").update(name).digest("hex"),
    driver,
    ...(request.interfaceName === undefined ? {} : { network_interface: request.interfaceName }),
    created: now.toISOString(),
    subnets: request.subnets.map(({ subnet, gateway, range }) => {
      if (range !== undefined) throw fail("a range of addresses cannot be set with a plugin");
      return gateway === undefined ? { subnet } : { subnet, gateway };
    }),
    ipv6_enabled: request.ipv6,
    internal: request.internal,
    dns_enabled: !request.disableDns,
    ...(request.dns.length === 0 ? {} : { network_dns_servers: [...request.dns] }),
    ipam_options: { driver: request.ipamDriver ?? "none" },
    labels: { ...request.labels },
    options: { ...request.options },
  };
  const child = Bun.spawnSync([program, "create"], {
    stdin: Buffer.from(JSON.stringify(asked)),
    stderr: "pipe",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeout: ANSWER_MS,
  });
  const answer = parseJson(child.stdout.toString());
  if (child.exitCode !== 0) {
    const said = (answer as { error?: string } | undefined)?.error ?? child.stderr.toString().trim();
    throw fail(`plugin ${driver}: ${said || "failed without a message"}`);
  }
  const planned = answer as NetworkDefinition | undefined;
  if (planned?.name !== name || planned.id !== asked.id || planned.driver !== driver)
    throw fail(`plugin ${driver} answers with another network`);
  // What it says nothing of stays as it was asked for; null is nothing.
  const kept = Object.fromEntries(Object.entries(planned).filter(([, value]) => value !== null));
  const definition: NetworkDefinition = { ...asked, ...kept };
  const bad = definition.subnets.find(({ subnet }) => parseSubnet(subnet) === undefined);
  if (bad !== undefined) throw fail(`plugin ${driver}: "${bad.subnet}" is not a subnet`);
  return definition;
}

/**
 * Connects a namespace to networks of plugins. Returns the addresses that they have given. The caller holds the lock.
 */
export async function connectByPlugins(
  scope: Scope,
  namespace: NetworkNamespace,
  request: NetavarkRequest,
): Promise<Record<string, GivenAddresses>> {
  const { output } = await runNetavark(scope, "setup", namespace, request, { flags: FLAGS, timeout: ANSWER_MS });
  return givenAddresses(await output);
}

/**
 * Has plugins take away what they made for a container that has ended; its namespace may be gone, so they are shown
 * another one with interfaces of the same names.
 */
export async function disconnectPlugins(scope: Scope, request: NetavarkRequest): Promise<void> {
  // A plugin that has been removed since cannot take anything away.
  const theirs = partOf(request, (definition) => usesPlugin(definition) && findPlugin(definition.driver) !== undefined);
  if (theirs === undefined) return;
  const lock: NetavarkLock = takeNetavarkLock(scope, true);
  try {
    const namespace = makeStandIn(theirs);
    try {
      await runNetavark(scope, "teardown", namespace, theirs, { flags: FLAGS, timeout: ANSWER_MS });
    } finally {
      closeSync(namespace.fd);
    }
  } finally {
    lock.close();
  }
}

function findPlugin(name: string): string | undefined {
  if (name.includes("/")) return undefined;
  return DIRECTORIES.map((directory) => join(directory, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
