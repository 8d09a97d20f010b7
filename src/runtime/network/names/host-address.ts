import { networkInterfaces } from "node:os";

/** An interface's address, as node:os reports it. */
export interface Address {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
}

/** The addresses in this process's network that other machines can reach, in the order of the interfaces. */
export function readHostAddresses(): Address[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses): Address[] => addresses ?? [])
    .filter(({ address }) => !/^(?:127\.|169\.254\.|::1$|fe[89ab])/i.test(address));
}

/**
 * The host's address for a container without a network of its own: podman's choice with the host's network, and with
 * none, where it cannot be reached.
 */
export function ownAddress(mode: string): string | undefined {
  if (mode !== "host" && mode !== "none") return undefined;
  return readHostAddresses().find(({ family }) => family === "IPv4")?.address;
}
