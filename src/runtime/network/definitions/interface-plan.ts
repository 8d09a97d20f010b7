import { valueIn } from "../../../options/values/check.ts";
import { parseInterfaceName } from "../../../options/values/network.ts";
import type { Fail, NetworkCreateRequest } from "./create-request.ts";
import type { HostFacts } from "./host-facts.ts";

/**
 * The interface of a network: of a bridge the name asked for or else the first free berthN, of macvlan and ipvlan the
 * device that they sit on, undefined where netavark is to choose that.
 */
export function planInterface(request: NetworkCreateRequest, facts: HostFacts, fail: Fail): string | undefined {
  const { driver, options } = request;
  const wanted = request.interfaceName ?? (driver === "bridge" ? undefined : options.parent);
  if (wanted !== undefined && valueIn(parseInterfaceName(wanted)) === undefined)
    throw fail(`"${wanted}" is not the name of an interface`);
  if (driver === "bridge") return planBridge(wanted, request, facts, fail);
  if (wanted !== undefined && !facts.interfaces.includes(wanted))
    throw fail(`there is no interface ${wanted} to sit on`);
  return wanted;
}

function planBridge(
  wanted: string | undefined,
  { options }: NetworkCreateRequest,
  facts: HostFacts,
  fail: Fail,
): string {
  const bridges = bridgeOwners(facts);
  if (wanted === undefined) return freeBridgeName(bridges, facts.interfaces);
  // Several networks may be VLANs of one bridge, or be on a bridge that berth does not manage.
  const shared = options.vlan !== undefined || options.mode === "unmanaged";
  const other = shared ? undefined : bridges.get(wanted);
  if (other !== undefined) throw fail(`bridge ${wanted} belongs to network ${other}`);
  return wanted;
}

/** The networks' names by the names of their bridges. */
function bridgeOwners({ networks }: HostFacts): ReadonlyMap<string, string> {
  return new Map(
    networks.flatMap(({ driver, network_interface: bridge, name }) =>
      driver === "bridge" && bridge !== undefined ? [[bridge, name] as const] : [],
    ),
  );
}

function freeBridgeName(bridges: ReadonlyMap<string, string>, interfaces: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = `berth${number}`;
    if (!bridges.has(name) && !interfaces.includes(name)) return name;
  }
}
