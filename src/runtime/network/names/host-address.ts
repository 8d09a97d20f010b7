import { networkInterfaces } from "node:os";

/** An interface's address as node:os has it. */
export interface Address {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
}

/** The addresses of this process's network that can be seen from elsewhere, in the order of the interfaces. */
export function hostAddresses(): Address[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses): Address[] => addresses ?? [])
    .filter(({ address }) => !/^(?:127\.|169\.254\.|::1$|fe[89ab])/i.test(address));
}

/**
 * Where a container finds the host if no network of its own says so: podman's choice with the host's network, and,
 * though nothing is to be reached from there, without any.
 */
export function ownAddress(mode: string): string | undefined {
  if (mode !== "host" && mode !== "none") return undefined;
  return hostAddresses().find(({ family }) => family === "IPv4")?.address;
}
