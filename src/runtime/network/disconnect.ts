import { BerthError } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import { StateError } from "../../state/error.ts";
import { leasesDir, releaseAddress, releaseAddresses } from "./connect/address-leases.ts";
import {
  type ConnectionRecord,
  readConnection,
  removeConnection,
  writeConnection,
} from "./connect/connection-record.ts";
import { tearDownHostSide } from "./connect/firewall-rules.ts";
import { divide } from "./connect/netavark-request.ts";
import { removeAllMemberNames } from "./connect/pod-member-names.ts";
import { reachBridges } from "./users/rootless-namespace.ts";

/**
 * Disconnects an owner from its networks: removes firewall rules, published ports and DNS names, and releases
 * addresses. May be called at any time, and again. Returns the error of a DHCP proxy or a plugin that did not do its
 * part: it is not retried, as what is left is not known, and all else is released all the same. Returns the error
 * about a damaged record, too, and then leaves the connection as it is.
 */
export async function disconnect(scope: Scope, owner: string): Promise<BerthError | undefined> {
  let record: ConnectionRecord | undefined;
  try {
    record = readConnection(scope, owner);
  } catch (error) {
    // Its addresses stay leased: rules that are left could publish the ports of another container.
    if (error instanceof StateError && error.code === "corrupt-record") return error;
    throw error;
  }
  if (record === undefined) return undefined;
  const { request } = record;
  // reloadNetworks() then leaves the rules to the teardown.
  if (record.ending !== true) writeConnection(scope, { ...record, ending: true });
  removeAllMemberNames(scope, owner);
  // If a user's rootless namespace is gone, so are its bridges.
  if (reachBridges(scope) && request !== undefined) await tearDownHostSide(scope, request);
  for (const network of record.networks) {
    const addresses = request?.networks[network]?.static_ips;
    // The launcher was killed while it leased addresses: only the leases say which.
    if (addresses === undefined) releaseAddresses(leasesDir(scope, network), (other) => other === owner);
    else for (const address of addresses) releaseAddress(leasesDir(scope, network), address, owner);
  }
  const kept = request === undefined ? undefined : await releaseByOthers(scope, divide(request));
  removeConnection(scope, owner);
  return kept;
}

/** Has the DHCP proxy and plugins release what they have given. Returns the first failure. */
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
