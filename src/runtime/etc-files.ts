import type { HostEntry } from "./run-request.ts";

/** /etc/hosts for a container: the host's own lines, then what the request adds, then the container's own name. */
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
  const lines = input.added.map(
    ({ names, address }) =>
      `${address === "host-gateway" ? (input.gateway ?? "127.0.0.1") : address}\t${names.join(" ")}`,
  );
  const base = input.base.split("\n").filter((line) => line.trim() !== "");
  if (!base.some((line) => /\blocalhost\b/.test(line.replace(/#.*/, ""))))
    base.push("127.0.0.1\tlocalhost", "::1\tlocalhost");
  if (input.gateway !== undefined) lines.push(`${input.gateway}\thost.containers.internal host.docker.internal`);
  if (input.address !== undefined)
    lines.push(`${input.address}\t${[...new Set([input.hostname, input.name])].join(" ")}`);
  return `${[...base, ...lines].join("\n")}\n`;
}

/**
 * /etc/resolv.conf for a container: the given resolvers in place of the host's. In a network namespace of its own the
 * host's loopback resolvers (systemd-resolved's stub) cannot be reached, so they are left out.
 */
export function formatResolvConf(host: string, resolvers: readonly string[], ownNetwork: boolean): string {
  const kept = host.split("\n").filter((line) => {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (server === undefined) return line.trim() !== "";
    return resolvers.length === 0 && !(ownNetwork && (server.startsWith("127.") || server === "::1"));
  });
  return `${[...kept, ...resolvers.map((server) => `nameserver ${server}`)].join("\n")}\n`;
}
