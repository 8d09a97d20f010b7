import { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { readConnectionIfSound, surveyConnections } from "./connect/connection-record.ts";
import { restoreHostSide } from "./connect/firewall-rules.ts";
import { reachBridges } from "./users/rootless-namespace.ts";

/** The names of the containers whose rules are back, and of those for which that failed. */
export interface ReloadedNetworks {
  readonly reloaded: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: BerthError }[];
  /** Errors about connections that cannot be read, where all were asked for. */
  readonly unread: readonly BerthError[];
}

/**
 * Restores the firewall rules of networks and published ports after another program has removed them, for the
 * containers named, or for all. A user's bridges are only reached from the rootless namespace
 * (enterRootlessNamespace()). Throws "no-such-container".
 */
export async function reloadNetworks(scope: Scope, names: readonly string[] | undefined): Promise<ReloadedNetworks> {
  const { records, unread } = surveyConnections(scope);
  const wanted = names?.map((word) => {
    const found = records.find(({ name, owner }) => name === word || owner === word || owner.startsWith(word));
    if (found === undefined) throw new RuntimeError("no-such-container", `no container ${word} is in a network`);
    return found;
  });
  const reloaded: string[] = [];
  const failed: { name: string; error: BerthError }[] = [];
  // Rules of a network are restored with one of its containers; the others need no stand-in on the bridge.
  const restored = new Set<string>();
  const result = { reloaded, failed, unread: names === undefined ? unread : [] };
  if (!reachBridges(scope)) return result;
  for (const { owner, name, request } of wanted ?? records) {
    // False while the container is being connected, and once it has ended or is ending.
    const stillThere = () => {
      const now = readConnectionIfSound(scope, owner);
      return now !== undefined && now.ending !== true;
    };
    if (request === undefined || !stillThere()) continue;
    try {
      await restoreHostSide(scope, request, stillThere, restored);
      reloaded.push(name);
    } catch (error) {
      // Go on: the other containers' rules are missing no less.
      if (!(error instanceof BerthError)) throw error;
      failed.push({ name, error });
    }
  }
  return result;
}
