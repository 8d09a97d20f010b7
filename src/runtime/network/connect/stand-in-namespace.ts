import { runIpCommands } from "./ip-command.ts";
import { interfacesOf, type NetavarkRequest } from "./netavark-request.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "./network-namespace.ts";

/**
 * Makes a namespace that stands in for the one of a container that has ended: netavark's teardown needs interfaces to
 * remove, and stops half-way without. They have the container's interface names and MAC addresses; they are bridges,
 * because every kernel that berth runs on has that driver.
 */
export function makeStandIn(request: NetavarkRequest): NetworkNamespace {
  const links = interfacesOf(request).map(({ interface_name: name, static_mac: mac }) =>
    ["link add", name, ...(mac === undefined ? [] : ["address", mac]), "type bridge"].join(" "),
  );
  return makeNetworkNamespace(() => runIpCommands(links));
}
