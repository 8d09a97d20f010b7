import type { PortMapping } from "../../../options/requests/run-request.ts";
import { tryBind } from "../../../system/port-binding.ts";

/**
 * Whether a port of an address is free on this machine: `taken` if a process listens there, `no-address` if the address
 * is not this machine's. An empty address stands for all. Ports that only firewall rules redirect are not seen.
 */
export function probePort(
  protocol: PortMapping["protocol"],
  address: string,
  port: number,
): "free" | "taken" | "no-address" {
  const hosts = address === "" ? ["0.0.0.0", "::"] : [address];
  const found = hosts.map((host) => tryBind(protocol, host, port));
  if (found.includes("EADDRINUSE")) return "taken";
  // A family that the kernel does not support has all ports free.
  return address !== "" && found.includes("EADDRNOTAVAIL") ? "no-address" : "free";
}
