import type { HostEntry } from "../../../options/requests/run-request.ts";

/**
 * /etc/hosts for a container: what the request adds (first, so that it wins), the host's own lines, then how the host
 * is reached and the container's own name. Comments go, and one tab divides address and names, as with podman.
 */
export function formatHosts(input: {
  readonly base: string;
  readonly added: readonly HostEntry[];
  /** The container's own, of all its networks. */
  readonly addresses: readonly string[];
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
  for (const address of input.addresses) entries.push([address, [...new Set([input.hostname, input.name])]]);
  return entries.map(([address, names]) => `${address}\t${names.join(" ")}\n`).join("");
}

/** hosts(5): address, names, comment; a line without both of the first is none. */
function parseHosts(text: string): [string, string[]][] {
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return names.length === 0 ? [] : [[address, names] as [string, string[]]];
  });
}

/** What a network brings with it, for the files of those in it. */
export interface NetworkView {
  readonly addresses: readonly string[];
  /** How the host is reached; undefined if it is not. */
  readonly gateway: string | undefined;
  /**
   * The name servers of networks with DNS: they know the other containers, and ask the host's resolvers for the rest.
   */
  readonly nameServers: readonly string[];
  /** Where names without a dot are looked for. */
  readonly searchDomains: readonly string[];
  /** Resolvers that are to be asked before the host's. */
  readonly resolvers: readonly string[];
}

/** What is asked for in place of the host's settings. */
export interface ResolverRequest {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

/** The domain of all containers' names, as aardvark-dns has it. */
export const CONTAINER_DOMAIN = "dns.podman";

/**
 * /etc/resolv.conf for a container, as podman writes it. A network's name servers are alone in it: those asked for, and
 * the host's, are asked by them. Without any, the resolvers asked for take the place of the host's, and search domains
 * come before the host's. In a network namespace of its own (`ownNetwork`) the host's loopback resolvers
 * (systemd-resolved's stub) cannot be reached, so they are left out.
 */
export function formatResolvConf(
  host: string,
  asked: ResolverRequest,
  network: Pick<NetworkView, "nameServers" | "searchDomains" | "resolvers"> | undefined,
  ownNetwork: boolean,
): string {
  const { nameServers = [], searchDomains = [], resolvers = [] } = network ?? {};
  const found = { nameserver: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of host.split("\n")) {
    const [keyword = "", ...words] = line.trim().split(/\s+/);
    if (keyword === "nameserver") found.nameserver.push(...words.slice(0, 1));
    // The last line of the kind counts, resolv.conf(5).
    if (keyword === "search" || keyword === "domain") found.search = words;
    if (keyword === "options") found.options = words;
  }
  const reachable = found.nameserver.filter(
    (server) => !(ownNetwork && (server.startsWith("127.") || server === "::1")),
  );
  const noSearch = asked.dnsSearch.includes(".");
  const hostSearch = nameServers.length === 0 ? found.search : [];
  const networkSearch = asked.dnsSearch.length === 0 ? searchDomains : [];
  const search = noSearch ? [] : [...new Set([...asked.dnsSearch, ...networkSearch, ...hostSearch])];
  const servers =
    nameServers.length > 0 ? nameServers : asked.dns.length > 0 ? asked.dns : [...resolvers, ...reachable];
  const options = asked.dnsOptions.length > 0 ? asked.dnsOptions : found.options;
  return [
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...servers.map((server) => `nameserver ${server}`),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
  ]
    .map((line) => `${line}\n`)
    .join("");
}
