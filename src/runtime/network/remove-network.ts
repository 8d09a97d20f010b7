import { rmSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_NETWORK } from "../../options/values/network.ts";
import type { Scope } from "../../scope.ts";
import {
  beginRemoval,
  damagedDefinitions,
  findNetwork,
  finishRemoval,
  listRemovals,
  surveyDefinitions,
  withDefinitionsLock,
} from "../../state/network-definitions.ts";
import { networksDir } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";
import { removeBridge } from "./connect/bridge.ts";
import { namesOfUsers } from "./network-users.ts";
import { reachBridges } from "./users/rootless-namespace.ts";
import { readRootlessNamespace } from "./users/rootless-record.ts";

/**
 * Removes a network and its bridge; a user's bridges are only reached from the rootless namespace
 * (enterRootlessNamespace()). Returns its name. Throws "no-such-network", or "network-in-use" with the names of its
 * containers.
 */
export async function removeNetwork(scope: Scope, name: string): Promise<string> {
  const definition = withDefinitionsLock(scope, "exclusive", () => {
    const network = findNetwork(scope, name);
    const found = network.name;
    if (found === DEFAULT_NETWORK)
      throw new RuntimeError("bad-request", `the default network ${found} cannot be removed`);
    const users = namesOfUsers(scope, network);
    if (users.length > 0) throw new RuntimeError("network-in-use", `network ${found} is in use by ${users.join(", ")}`);
    beginRemoval(scope, found);
    rmSync(join(networksDir(scope), found), { recursive: true, force: true });
    return network;
  });
  if (reachBridges(scope)) await removeBridge(scope, definition);
  finishRemoval(scope, definition.name);
  return definition.name;
}

/**
 * Removes the bridges of networks whose removal was killed half-way: no command would find them, and they would keep
 * their subnets from other networks. A user's bridges that cannot be reached from this process stay for another time.
 */
export async function finishRemovals(scope: Scope): Promise<void> {
  for (const { name } of listRemovals(scope)) {
    const definition = withDefinitionsLock(scope, "exclusive", () => {
      // Another process may have finished it by now, or have created a network that has the bridge.
      const removal = listRemovals(scope).find((other) => other.name === name);
      const bridge = removal?.network_interface;
      const isTaken =
        surveyDefinitions(scope).records.some((other) => other.network_interface === bridge) ||
        damagedDefinitions(scope).some((text) => bridge !== undefined && text.includes(bridge));
      return isTaken ? undefined : removal;
    });
    if (definition !== undefined) {
      if (reachBridges(scope)) await removeBridge(scope, definition);
      else if (readRootlessNamespace(scope) !== undefined) continue;
    }
    finishRemoval(scope, name);
  }
}
