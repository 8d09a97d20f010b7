import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import type { NetworkDefinition } from "../../state/network-definition.ts";
import { containerPaths } from "../../state/paths.ts";
import { runningUnitOf } from "../../state/running-unit.ts";
import { listIfThere } from "../../system/files.ts";
import { RuntimeError } from "../error.ts";
import { leasesDir } from "./connect/address-leases.ts";
import { countBridgePorts } from "./connect/ip-command.ts";
import { takeNetavarkLock } from "./connect/netavark-lock.ts";
import { removeStalePorts } from "./stale-ports.ts";

/**
 * Refuses a network whose leases are gone while containers are on its bridge: the runtime directory has been removed
 * below them, and any address may be one that a container has, with ports that are published there. Throws "network"
 * with what to do. Once those containers have ended, the rules of their ports go. Bridges that others use as well,
 * before berth's first container, are none of this.
 */
export function refuseLostLeases(scope: Scope, network: NetworkDefinition): void {
  const { name, driver, network_interface: bridge, options } = network;
  const areThere = () => existsSync(leasesDir(scope, name));
  if (driver !== "bridge" || options.mode === "unmanaged" || bridge === undefined || areThere()) return;
  const ports = countBridgePorts(bridge);
  if (ports === undefined) return;
  const units = ports === 0 ? "" : lostUnits(scope).join(" ");
  if (units === "") {
    const lock = takeNetavarkLock(scope);
    try {
      if (!areThere()) removeStalePorts(network);
    } finally {
      lock.close();
    }
    return;
  }
  const systemctl = scope.kind === "user" ? "systemctl --user" : "systemctl";
  throw new RuntimeError(
    "network",
    `network ${name}: ${scope.runtimeDir} has been removed, and with it the addresses of containers that still run: ` +
      `type ${systemctl} stop ${units}, then start them again`,
  );
}

/** The units of containers that run, and of which nothing but their files on disk is known. */
function lostUnits(scope: Scope): string[] {
  const lost = listIfThere(join(scope.stateDir, "containers")).filter(
    (id) => !existsSync(containerPaths(scope, id).record),
  );
  return lost.flatMap((id) => runningUnitOf(scope, id) ?? []).sort();
}
