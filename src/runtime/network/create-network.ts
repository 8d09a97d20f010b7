import type { Scope } from "../../scope.ts";
import { usesDhcp, usesPlugin } from "../../state/network-definition.ts";
import {
  findDefinition,
  isNetworkName,
  withDefinitionsLock,
  writeDefinition,
} from "../../state/network-definitions.ts";
import { RuntimeError } from "../error.ts";
import { checkNetavark } from "./connect/netavark.ts";
import { planByPlugin } from "./connect/plugins.ts";
import type { NetworkCreateRequest } from "./definitions/create-request.ts";
import { readHostFacts } from "./definitions/host-facts.ts";
import { planNetwork } from "./definitions/network-plan.ts";

/**
 * Creates a network: writes its definition; netavark makes the bridge for the first container in it. Throws
 * "bad-request" for an impossible request, and "network-exists", unless `ignore` leaves the existing network as it is.
 */
export function createNetwork(scope: Scope, request: NetworkCreateRequest, ignore: boolean): void {
  const { name } = request;
  if (!isNetworkName(name)) throw new RuntimeError("bad-request", `"${name}" is not a name for a network`);
  const isThere = () => {
    const exists = findDefinition(scope, name) !== undefined;
    if (exists && !ignore) throw new RuntimeError("network-exists", `there is a network ${name} already`);
    return exists;
  };
  if (isThere()) return;
  // Before the lock: a plugin is slow, and every command that uses a network would wait.
  const planned = usesPlugin(request) ? planByPlugin(scope, request, new Date()) : undefined;
  withDefinitionsLock(scope, "exclusive", () => {
    if (isThere()) return;
    const definition = planned ?? planNetwork(request, readHostFacts(scope));
    if (usesDhcp(definition)) checkNetavark(scope, name, "addresses by DHCP");
    writeDefinition(scope, definition);
  });
}
