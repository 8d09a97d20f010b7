import type { HostEntry } from "../run-request.ts";

/** What a container is told of its network. */
export interface NetworkView {
  /** The container's own address. */
  readonly address: string | undefined;
  /** Where the host is reached. */
  readonly gateway: string | undefined;
  /** Resolvers of the network's own. */
  readonly resolvers: readonly string[];
}

/**
 * /etc/hosts for a container: what the request adds (first, so that it wins), the host's own lines, then how the host is
 * reached and the container's own name. Comments go, and one tab divides address and names, as with podman.
 */
export function formatHosts(input: {
  readonly base: string;
  readonly added: readonly HostEntry[];
  /** The container's address; undefined without a network of its own. */
  readonly address: string | undefined;
  /** How the host is reached from inside; undefined if it is not. */
  readonly gateway: string | undefined;
  readonly hostname: string;
  readonly name: string;
}): string {
  const entries = input.added.map(({ names, address }): [string, readonly string[]] => [
    address === "host-gateway" ? (input.gateway ?? "127.0.0.1") : address,
    names,
  ]);
  entries.push(...parseHosts(input.base));
  if (!entries.some(([, names]) => names.includes("localhost")))
    entries.push(["127.0.0.1", ["localhost"]], ["::1", ["localhost"]]);
  if (input.gateway !== undefined) entries.push([input.gateway, ["host.containers.internal", "host.docker.internal"]]);
  if (input.address !== undefined) entries.push([input.address, [...new Set([input.hostname, input.name])]]);
  return entries.map(([address, names]) => `${address}\t${names.join(" ")}\n`).join("");
}

/** hosts(5): address, names, comment; a line without both of the first is none. */
function parseHosts(text: string): [string, string[]][] {
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return names.length === 0 ? [] : [[address, names] as [string, string[]]];
  });
}

/**
 * /etc/resolv.conf for a container: the given resolvers in place of the host's, or else the network's `own` in front of them.
 * In a network namespace of its own the host's loopback resolvers (systemd-resolved's stub) cannot be reached, so they are
 * left out.
 */
export function formatResolvConf(
  host: string,
  resolvers: readonly string[],
  ownNetwork: boolean,
  own: readonly string[] = [],
): string {
  const kept = host.split("\n").filter((line) => {
    const server = serverOf(line);
    if (server === undefined) return line.trim() !== "";
    return resolvers.length === 0 && !(ownNetwork && (server.startsWith("127.") || server === "::1"));
  });
  const line = (server: string): string => `nameserver ${server}`;
  if (resolvers.length > 0) kept.push(...resolvers.map(line));
  else if (own.length > 0) {
    const first = kept.findIndex((other) => serverOf(other) !== undefined);
    kept.splice(first < 0 ? kept.length : first, 0, ...own.map(line));
  }
  return `${kept.join("\n")}\n`;
}

function serverOf(line: string): string | undefined {
  return /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
}
