import { accessSync, closeSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { parseSubnet } from "../../../ip-address.ts";
import { isJsonObject } from "../../../json.ts";
import { fields } from "../../../json-fields.ts";
import { NETWORK_DRIVERS } from "../../../options/values/network.ts";
import type { Scope } from "../../../scope.ts";
import { type NetworkDefinition, networkDefinitionFields, usesPlugin } from "../../../state/network-definition.ts";
import { PLAIN_ENVIRONMENT, runCommand } from "../../../system/process.ts";
import { failureOf, type NetworkCreateRequest } from "../definitions/create-request.ts";
import { toDefinition } from "../definitions/network-plan.ts";
import { checkNetavark, runNetavark } from "./netavark.ts";
import { withNetavarkLock } from "./netavark-lock.ts";
import { type NetavarkRequest, partOf } from "./netavark-request.ts";
import { type GivenAddresses, givenAddresses, netavarkError } from "./netavark-result.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { makeStandIn } from "./stand-in-namespace.ts";

/** Where podman looks for netavark's plugins (containers.conf(5), netavark_plugin_dirs). */
const DIRECTORIES = [
  "/usr/local/libexec/netavark",
  "/usr/libexec/netavark",
  "/usr/local/lib/netavark",
  "/usr/lib/netavark",
] as const;

const FLAGS = DIRECTORIES.flatMap((directory) => ["--plugin-directory", directory]);

/** How long a plugin may take for one request, while others wait: milliseconds. */
const ANSWER_MS = 30_000;

/**
 * Has a plugin complete the definition of a network: `PLUGIN create` reads the request, and answers with a whole
 * definition (netavark, plugin-API.md). Throws "bad-request" where the plugin is missing or refuses.
 */
export function planByPlugin(scope: Scope, request: NetworkCreateRequest, now: Date): NetworkDefinition {
  const { name, driver } = request;
  const fail = failureOf(name);
  const program = findPlugin(driver);
  if (program === undefined) {
    const own = NETWORK_DRIVERS.join(", ");
    throw fail(`there is no driver ${driver}: it is none of ${own}, and no plugin in ${DIRECTORIES.join(", ")}`);
  }
  checkNetavark(scope, name, "plugins");
  const asked = pluginRequest(request, now);
  const stdin = JSON.stringify(asked);
  const options = { stdin, stdout: "pipe", env: PLAIN_ENVIRONMENT, timeout: ANSWER_MS } as const;
  const { exitCode, stdout, stderr } = runCommand([program, "create"], options);
  if (exitCode === 0) return completeByAnswer(asked, parseJson(stdout));
  throw fail(`plugin ${driver}: ${netavarkError(stdout, stderr)}`);
}

/** The definition that a plugin is to complete. Throws "bad-request". */
export function pluginRequest(request: NetworkCreateRequest, now: Date): NetworkDefinition {
  const subnets = request.subnets.map(({ subnet, gateway, range }) => {
    if (range !== undefined) throw failureOf(request.name)("a range of addresses cannot be set with a plugin");
    return gateway === undefined ? { subnet } : { subnet, gateway };
  });
  return toDefinition(request, {
    created: now,
    interfaceName: request.interfaceName,
    subnets,
    ipv6: request.ipv6,
    dns: !request.disableDns,
    ipam: request.ipamDriver ?? "none",
  });
}

/**
 * The definition in a plugin's answer, checked; members that are absent or null stay as asked. Throws "bad-request".
 */
export function completeByAnswer(asked: NetworkDefinition, answer: unknown): NetworkDefinition {
  const fail = failureOf(asked.name);
  if (!isJsonObject(answer) || answer.name !== asked.name || answer.id !== asked.id || answer.driver !== asked.driver)
    throw fail(`plugin ${asked.driver} answers with another network`);
  const kept = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null));
  const definition = fields(networkDefinitionFields)({ ...asked, ...kept }, "", (why) => {
    throw fail(`plugin ${asked.driver}: ${why}`);
  });
  const bad = definition.subnets.find(({ subnet }) => parseSubnet(subnet) === undefined);
  if (bad !== undefined) throw fail(`plugin ${asked.driver}: "${bad.subnet}" is not a subnet`);
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
 * Has plugins disconnect a container that has ended; its namespace may be gone, so they get a stand-in with interfaces
 * of the same names.
 */
export async function disconnectPlugins(scope: Scope, request: NetavarkRequest): Promise<void> {
  // A plugin that has been removed since cannot disconnect anything.
  const present = partOf(
    request,
    (definition) => usesPlugin(definition) && findPlugin(definition.driver) !== undefined,
  );
  if (present === undefined) return;
  await withNetavarkLock(scope, async () => {
    const namespace = makeStandIn(present);
    try {
      await runNetavark(scope, "teardown", namespace, present, { flags: FLAGS, timeout: ANSWER_MS });
    } finally {
      closeSync(namespace.fd);
    }
  });
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
