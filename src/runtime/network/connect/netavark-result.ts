import { isJsonObject } from "../../../json.ts";
import { dictionary, fields, list, optional, text, texts } from "../../../json-fields.ts";
import { RuntimeError } from "../../error.ts";

/** The addresses and DNS settings that a DHCP server or a plugin, not berth, has given an interface. */
export interface GivenAddresses {
  readonly subnets: readonly GivenAddress[];
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
}

/** An address of an interface, with the gateway of its subnet. */
export interface GivenAddress {
  /** `ADDRESS/BITS`. */
  readonly ipnet: string;
  readonly gateway?: string;
}

/** What netavark's `setup` reports of a network (netavark, src/network/types.rs: StatusBlock). */
interface NetworkStatus {
  readonly interfaces?: Readonly<Record<string, { readonly subnets?: readonly GivenAddress[] }>>;
  readonly dns_server_ips?: readonly string[];
  readonly dns_search_domains?: readonly string[];
}

const givenAddress = fields<GivenAddress>({ ipnet: text, gateway: optional(text) });
const networkStatus = fields<NetworkStatus>({
  interfaces: optional(
    dictionary(fields<{ readonly subnets?: readonly GivenAddress[] }>({ subnets: optional(list(givenAddress)) })),
  ),
  dns_server_ips: optional(texts),
  dns_search_domains: optional(texts),
});

/** The addresses in the output of netavark's `setup`, by network. */
export function givenAddresses(output: string): Record<string, GivenAddresses> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new RuntimeError("network", `netavark setup: read what it reports: ${why}`, { cause });
  };
  const status = dictionary(networkStatus)(jsonOf(output, refuse), "it", refuse);
  return Object.fromEntries(
    Object.entries(status).map(([network, { interfaces, dns_server_ips: servers, dns_search_domains: search }]) => {
      const subnets = Object.values(interfaces ?? {}).flatMap(({ subnets: found }) => found ?? []);
      // Any machine may answer as DHCP server: nothing but domain names gets into a container's files.
      const searchDomains = (search ?? []).filter((domain) => /^[a-zA-Z0-9_.-]+$/.test(domain));
      return [network, { subnets, nameServers: servers ?? [], searchDomains }];
    }),
  );
}

function jsonOf(output: string, refuse: (why: string, cause: unknown) => never): unknown {
  try {
    return JSON.parse(output);
  } catch (cause) {
    return refuse("it is not JSON", cause);
  }
}

/** The message of a netavark or a plugin that failed: {"error": …} on standard output, or whatever it wrote. */
export function netavarkError(stdout: string, stderr: string): string {
  try {
    const answer: unknown = JSON.parse(stdout);
    if (isJsonObject(answer) && typeof answer.error === "string") return answer.error;
  } catch {
    // Not JSON: its words as they are.
  }
  return (stderr || stdout).trim() || "failed without a message";
}
