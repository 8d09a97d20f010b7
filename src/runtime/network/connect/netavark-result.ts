/** The addresses and DNS settings that a DHCP server or a plugin, not berth, has given an interface. */
export interface GivenAddresses {
  readonly subnets: readonly GivenAddress[];
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
}

export interface GivenAddress {
  /** `ADDRESS/BITS`. */
  readonly ipnet: string;
  readonly gateway?: string;
}

/** What netavark's `setup` reports of a network (netavark, src/network/types.rs: StatusBlock). */
interface NetworkStatus {
  readonly interfaces?: Readonly<Record<string, { readonly subnets?: readonly GivenAddress[] | null }>> | null;
  readonly dns_server_ips?: readonly string[] | null;
  readonly dns_search_domains?: readonly string[] | null;
}

/** The addresses in the output of netavark's `setup`, by network. */
export function givenAddresses(output: string): Record<string, GivenAddresses> {
  const status = JSON.parse(output) as Readonly<Record<string, NetworkStatus>>;
  return Object.fromEntries(
    Object.entries(status).map(([network, { interfaces, dns_server_ips: servers, dns_search_domains: search }]) => {
      const subnets = Object.values(interfaces ?? {}).flatMap(({ subnets: found }) => found ?? []);
      // Any machine may answer as DHCP server: nothing but domain names gets into a container's files.
      const searchDomains = (search ?? []).filter((domain) => /^[a-zA-Z0-9_.-]+$/.test(domain));
      return [network, { subnets, nameServers: servers ?? [], searchDomains }];
    }),
  );
}

/** The message in the output of a netavark that failed: {"error": …} on standard output, or whatever it wrote. */
export function netavarkError(stdout: string, stderr: string): string {
  try {
    const { error } = JSON.parse(stdout) as { error?: string };
    if (error !== undefined) return error;
  } catch {
    // Not JSON: its words as they are.
  }
  return (stderr || stdout).trim() || "failed without a message";
}
