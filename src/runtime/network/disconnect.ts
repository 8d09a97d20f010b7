import { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { leasesDir, releaseAddress, releaseAddresses } from "./connect/address-leases.ts";
import { readConnection, removeConnection, writeConnection } from "./connect/connection-record.ts";
import { tearDownHostSide } from "./connect/firewall-rules.ts";
import { divide } from "./connect/netavark-request.ts";
import { removeAllMemberNames } from "./connect/pod-member-names.ts";
import { reachBridges } from "./users/rootless-namespace.ts";

/**
 * Takes away all that an owner has in networks: firewall rules, published ports, names, addresses. May be called at any
 * time, and again. Returns why a DHCP proxy or a plugin has not taken away what it made, if so: it is not asked again,
 * for nobody knows what is left, and the rest is given back all the same.
 */
export async function disconnect(scope: Scope, owner: string): Promise<BerthError | undefined> {
  const record = readConnection(scope, owner);
  if (record === undefined) return undefined;
  const { request } = record;
  // Who puts rules back looks at this, and leaves them to the teardown that comes.
  if (record.ending !== true) writeConnection(scope, { ...record, ending: true });
  removeAllMemberNames(scope, owner);
  // A user's bridges are gone with their namespace.
  if (reachBridges(scope) && request !== undefined) await tearDownHostSide(scope, request);
  for (const network of record.networks) {
    const addresses = request?.networks[network]?.static_ips;
    // Killed while it took addresses: the leases alone tell which.
    if (addresses === undefined) releaseAddresses(leasesDir(scope, network), (other) => other === owner);
    else for (const address of addresses) releaseAddress(leasesDir(scope, network), address, owner);
  }
  const kept = request === undefined ? undefined : await releaseByOthers(scope, divide(request));
  removeConnection(scope, owner);
  return kept;
}

/** Has the DHCP proxy and plugins take away what they made; returns the first failure. */
async function releaseByOthers(
  scope: Scope,
  { dhcp, plugins }: ReturnType<typeof divide>,
): Promise<BerthError | undefined> {
  const failures: BerthError[] = [];
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      failures.push(error);
    }
  };
  if (dhcp !== undefined) await attempt(async () => (await import("./connect/dhcp.ts")).releaseByDhcp(scope, dhcp));
  if (plugins !== undefined)
    await attempt(async () => (await import("./connect/plugins.ts")).disconnectPlugins(scope, plugins));
  return failures[0];
}
