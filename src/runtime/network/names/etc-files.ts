import type { HostEntry } from "../../../options/requests/run-request.ts";

/**
 * /etc/hosts for a container: the request's entries (first, so that they win), the host's, then the gateway's names and
 * the container's own. Without comments, and with one tab between address and names, as podman writes it.
 */
export function formatHosts(input: {
  readonly base: string;
  readonly added: readonly HostEntry[];
  /** The container's addresses in all its networks. */
  readonly addresses: readonly string[];
  /** The address of the host as seen from inside; undefined if it cannot be reached. */
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

/** hosts(5): address, names, comment. Lines without an address or a name are skipped. */
function parseHosts(text: string): [string, string[]][] {
  return text.split("\n").flatMap((line) => {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    return names.length === 0 ? [] : [[address, names] as [string, string[]]];
  });
}

/** What its networks contribute to a container's /etc/hosts and /etc/resolv.conf. */
export interface NetworkView {
  readonly addresses: readonly string[];
  /** The address of the host; undefined if it cannot be reached. */
  readonly gateway: string | undefined;
  /** The DNS servers of networks: they know the other containers, and ask the host's resolvers for the rest. */
  readonly nameServers: readonly string[];
  /** Domains in which names without a dot are looked up. */
  readonly searchDomains: readonly string[];
  /** Resolvers to ask before the host's. */
  readonly resolvers: readonly string[];
}

/** Settings in place of the host's. */
export interface ResolverRequest {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

/** The domain of all containers' names in aardvark-dns. */
export const CONTAINER_DOMAIN = "dns.podman";

/**
 * /etc/resolv.conf for a container, as podman writes it. A network's name servers are alone in it: they forward to the
 * resolvers asked for, and to the host's. Without any, the resolvers asked for take the place of the host's, and search
 * domains come before the host's. In a network namespace of its own (`ownNetwork`) the host's loopback resolvers
 * (systemd-resolved's stub) cannot be reached, so they are left out.
 */
export function formatResolvConf(
  host: string,
  asked: ResolverRequest,
  network: Pick<NetworkView, "nameServers" | "searchDomains" | "resolvers"> | undefined,
  ownNetwork: boolean,
): string {
  const { nameServers = [], searchDomains = [], resolvers = [] } = network ?? {};
  const found = parseResolvConf(host);
  const reachable = ownNetwork ? found.nameservers.filter((server) => !isLoopback(server)) : found.nameservers;
  const servers =
    nameServers.length > 0 ? nameServers : asked.dns.length > 0 ? asked.dns : [...resolvers, ...reachable];
  const hostSearch = nameServers.length === 0 ? found.search : [];
  const networkSearch = asked.dnsSearch.length === 0 ? searchDomains : [];
  const search = asked.dnsSearch.includes(".") ? [] : [...asked.dnsSearch, ...networkSearch, ...hostSearch];
  const options = asked.dnsOptions.length > 0 ? asked.dnsOptions : found.options;
  const lines = [
    ...keywordLine("search", [...new Set(search)]),
    ...servers.map((server) => `nameserver ${server}`),
    ...keywordLine("options", options),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** resolv.conf(5): the last line of `search`, `domain` and `options` counts. */
function parseResolvConf(text: string): ResolvConf {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const last = (...keywords: string[]) => lines.findLast(([word = ""]) => keywords.includes(word))?.slice(1) ?? [];
  return {
    nameservers: lines.flatMap(([keyword, server]) =>
      keyword === "nameserver" && server !== undefined ? [server] : [],
    ),
    search: last("search", "domain"),
    options: last("options"),
  };
}

function isLoopback(server: string): boolean {
  return server.startsWith("127.") || server === "::1";
}

function keywordLine(keyword: string, words: readonly string[]): string[] {
  return words.length === 0 ? [] : [`${keyword} ${words.join(" ")}`];
}
