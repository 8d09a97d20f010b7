import type { PortMapping } from "../../../options/requests/run-request.ts";
import { tryBind } from "../../../system/port-binding.ts";

/**
 * Whether this machine's network has a port of an address free: `taken` where a process listens there, `no-address`
 * where the address is not this machine's. An empty address stands for all. What only the firewall does with a port it
 * does not see.
 */
export function probePort(
  protocol: PortMapping["protocol"],
  address: string,
  port: number,
): "free" | "taken" | "no-address" {
  const hosts = address === "" ? ["0.0.0.0", "::"] : [address];
  const found = hosts.map((host) => tryBind(protocol, host, port));
  if (found.includes("EADDRINUSE")) return "taken";
  // All addresses of a kind that the kernel has not got are free.
  return address !== "" && found.includes("EADDRNOTAVAIL") ? "no-address" : "free";
}
