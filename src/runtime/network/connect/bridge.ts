import { addressAt, formatAddress, parseSubnet } from "../../../ip-address.ts";
import type { Scope } from "../../../scope.ts";
import type { NetworkDefinition, SubnetDefinition } from "../../../state/network-definition.ts";
import { setUpAndTearDown } from "./firewall-rules.ts";
import { countBridgePorts } from "./ip-command.ts";
import { withNetavarkLock } from "./netavark-lock.ts";
import type { NetavarkRequest } from "./netavark-request.ts";
import { forgetRules } from "./network-rules.ts";

/** How often, and how many times, to look whether a bridge is empty: milliseconds. */
const LOOK_MS = 20;
const LOOKS_MAX = 100;

/**
 * Removes the bridge of a network without containers, and its firewall rules. netavark does so after the last
 * container, but mostly finds the bridge in use: a container's veth device stays on it until the kernel has cleared the
 * container's namespace away.
 */
export async function removeBridge(scope: Scope, definition: NetworkDefinition): Promise<void> {
  const { driver, network_interface: bridge, options } = definition;
  if (driver !== "bridge" || bridge === undefined || options.mode === "unmanaged") return;
  let ports = countBridgePorts(bridge);
  if (ports === undefined) return;
  for (let look = 0; look < LOOKS_MAX && ports !== undefined && ports > 0; look++) {
    await Bun.sleep(LOOK_MS);
    ports = countBridgePorts(bridge);
  }
  await withNetavarkLock(scope, async () => {
    forgetRules(scope, [definition.name]);
    await setUpAndTearDown(scope, bridgeRequest(definition));
  });
}

/** A request for a container that does not exist: its teardown removes the bridge. */
export function bridgeRequest(definition: NetworkDefinition): NetavarkRequest {
  const { name, subnets } = definition;
  return {
    container_id: "0".repeat(32),
    container_name: "",
    port_mappings: [],
    networks: { [name]: { static_ips: subnets.flatMap(unusedAddress), interface_name: "eth0", aliases: [] } },
    network_info: { [name]: { ...definition, dns_enabled: false } },
  };
}

/** Any address of a subnet but the gateway's. */
function unusedAddress({ subnet, gateway }: SubnetDefinition): string[] {
  const parsed = parseSubnet(subnet);
  if (parsed === undefined) return [];
  const [first, second] = [formatAddress(addressAt(parsed, 1n)), formatAddress(addressAt(parsed, 2n))];
  return [first === gateway ? second : first];
}
