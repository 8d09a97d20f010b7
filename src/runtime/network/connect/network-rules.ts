import { lstatSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../../scope.ts";
import type { NetworkDefinition } from "../../../state/network-definition.ts";
import { networksDir } from "../../../state/paths.ts";
import { errnoName } from "../../../system/error.ts";
import { replaceLink } from "../../../system/files.ts";
import { nftTable } from "../../../system/nft-table.ts";
import { type NetavarkRequest, partOf } from "./netavark-request.ts";

/*
 * Which networks have their firewall rules. Those of a bridge (the way out, isolation) are the same whoever is
 * connected to it, and stay until the bridge goes; netavark compares them anew for each container, which takes it three
 * times as long as all else that it does. A link beside the network's leases notes for which definition, and in which
 * table of the kernel's, they were made: after a flush there is no such table, or another one.
 *
 * There is no note, and all is done anew for each container, where netavark uses iptables (before 1.12), whose tables
 * others flush without deleting them, and beside firewalld, whose zone netavark gives each subnet again that a reload
 * has dropped from it.
 */

const noteOf = (scope: Scope, network: string) => join(networksDir(scope), network, "rules");

/** netavark's table, of family inet. */
const TABLE = "netavark";

/** systemd's own note of the active unit's invocation. */
const FIREWALLD = "/run/systemd/units/invocation:firewalld.service";

/** The state of the firewall that networks' rules are noted for; undefined where they cannot be. */
export type FirewallState = string | undefined;

/** Looks at the firewall of this thread's network namespace. The caller holds netavark's lock. */
export function firewallState(scope: Scope): FirewallState {
  if (scope.kind === "system" && lstatSync(FIREWALLD, { throwIfNoEntry: false }) !== undefined) return undefined;
  return nftTable(TABLE);
}

/** The part of a request about networks that have firewall rules; undefined if there are none. */
export function withRules(request: NetavarkRequest): NetavarkRequest | undefined {
  return partOf(
    request,
    ({ driver, internal, options }) => driver === "bridge" && !internal && options.mode !== "unmanaged",
  );
}

/** Whether the networks have their rules, all of them. */
export function haveRules(scope: Scope, networks: readonly NetworkDefinition[], state: FirewallState): boolean {
  return state !== undefined && networks.every((network) => readNote(scope, network.name) === note(network, state));
}

/** Notes that the networks have their rules. */
export function noteRules(scope: Scope, networks: readonly NetworkDefinition[], state: FirewallState): void {
  if (state === undefined) return;
  for (const network of networks) {
    const text = note(network, state);
    if (readNote(scope, network.name) === text) continue;
    try {
      replaceLink(noteOf(scope, network.name), text, `${noteOf(scope, network.name)}.new`);
    } catch (error) {
      // A network without the note is slower, and no worse.
      if (errnoName(error) === undefined) throw error;
    }
  }
}

/** Forgets the rules of networks whose bridges may go now. The caller holds netavark's lock. */
export function forgetRules(scope: Scope, networks: readonly string[]): void {
  for (const network of networks) rmSync(noteOf(scope, network), { recursive: true, force: true });
}

function readNote(scope: Scope, network: string): string | undefined {
  try {
    return readlinkSync(noteOf(scope, network));
  } catch (error) {
    // Whatever is there in its place is no note.
    if (errnoName(error) === undefined) throw error;
    return undefined;
  }
}

/** All that the rules depend on. */
function note({ id, network_interface: bridge, subnets, options }: NetworkDefinition, state: string): string {
  return JSON.stringify([state, id, bridge, options.isolate ?? "", ...subnets.map(({ subnet }) => subnet)]);
}
