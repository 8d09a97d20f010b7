import type { PortMapping } from "../../../options/requests/run-request.ts";
import { RuntimeError } from "../../error.ts";
import { PUBLISH_GATEWAY, PUBLISH_INTERFACE, type ReturnRoute } from "./return-route.ts";

/** The address inside at which pasta answers for the host's resolver: podman's choice. */
const DNS_FORWARD = "169.254.1.1";
/** The address inside by which a container reaches the host itself: podman's choice. */
const HOST_ADDRESS = "169.254.1.2";
/** An option of pasta since August 2024. */
export const MAP_GUEST_ADDRESS = "--map-guest-addr";

/** A command line of pasta, and the addresses that it sets up inside. */
export interface PastaCommand {
  readonly args: readonly string[];
  /** The addresses at which pasta answers for resolvers. */
  readonly resolvers: readonly string[];
  /** Addresses of the host, as seen from inside; none without MAP_GUEST_ADDRESS. */
  readonly hostAddresses: readonly string[];
}

/** Without these options, pasta forwards every port that it sees in use, for each direction and protocol. */
const FORWARDING: readonly (readonly [short: string, long: string])[] = [
  ["-t", "--tcp-ports"],
  ["-u", "--udp-ports"],
  ["-T", "--tcp-ns"],
  ["-U", "--udp-ns"],
];

/**
 * pasta's arguments for a namespace at `path`, as podman 5.4 chooses them (passt(1)): the host's addresses and routes,
 * its resolver at an address of its own, the published ports and no others, no route to the host's loopback interface.
 * `options` are the user's, one word each, and replace berth's own. Throws "bad-request" for a port that pasta cannot
 * publish.
 */
export function pastaCommand(input: {
  readonly path: string;
  readonly options: readonly string[];
  readonly ports: readonly PortMapping[];
  /** Whether this pasta has MAP_GUEST_ADDRESS. */
  readonly mapsGuestAddress: boolean;
}): PastaCommand {
  // --map-gw is not an option of pasta, but podman's word for leaving out --no-map-gw.
  const options = input.options.filter((option) => option !== "--map-gw");
  const args = ["--config-net", ...options, ...input.ports.flatMap(publishArguments)];
  const resolvers = valuesOf(args, ["--dns-forward"]);
  if (resolvers.length === 0) args.push("--dns-forward", DNS_FORWARD);
  for (const names of FORWARDING) if (!hasOption(args, names)) args.push(names[0], "none");
  if (options.length === input.options.length) args.push("--no-map-gw");
  if (!hasOption(args, ["-d", "--debug", "--trace"])) args.push("--quiet");
  const mapped = valuesOf(args, [MAP_GUEST_ADDRESS]);
  const maps = mapped.length === 0 && input.mapsGuestAddress;
  if (maps) args.push(MAP_GUEST_ADDRESS, HOST_ADDRESS);
  args.push("--netns", input.path);
  return {
    args,
    resolvers: resolvers.length === 0 ? [DNS_FORWARD] : resolvers,
    hostAddresses: maps ? [HOST_ADDRESS] : mapped,
  };
}

/** pasta's arguments for one mapping. Throws "bad-request" for SCTP, which pasta cannot publish. */
function publishArguments({ protocol, hostIp, hostPort, containerPort, range }: PortMapping): string[] {
  if (protocol === "sctp") throw new RuntimeError("bad-request", "pasta publishes tcp and udp ports, not sctp");
  const address = hostIp === "" ? "" : `${hostIp}/`;
  const ports = (first: number): string => `${first}-${first + range - 1}`;
  return [protocol === "tcp" ? "-t" : "-u", `${address}${ports(hostPort)}:${ports(containerPort)}`];
}

/**
 * The arguments of a pasta that only publishes ports of a namespace at `path`, to follow routeArguments(). Throws
 * "bad-request".
 */
export function publisherArguments(ports: readonly PortMapping[], path: string): string[] {
  const published = ports.flatMap(publishArguments);
  const none = ["-t", "-u"].filter((flag) => !published.includes(flag)).flatMap((flag) => [flag, "none"]);
  return [...published, ...none, "-T", "none", "-U", "none", "--no-map-gw", "--quiet", "--netns", path];
}

/** The arguments of a publishing pasta for its interface, the namespace's addresses, and the gateway of answers. */
export function routeArguments({ ipv4, ipv6 }: ReturnRoute): string[] {
  const words = ["-I", PUBLISH_INTERFACE];
  if (ipv4 === undefined) words.push("-6");
  else words.push("-a", ipv4, "-n", "32", "-g", PUBLISH_GATEWAY.ipv4);
  if (ipv6 === undefined) words.push("-4");
  else words.push("-a", ipv6, "-g", PUBLISH_GATEWAY.ipv6);
  return words;
}

/** Whether one of the options `names` is among the arguments, alone or with its value after "=". */
function hasOption(args: readonly string[], names: readonly string[]): boolean {
  return args.some((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
}

/** The values of long options, after a blank or "=". */
function valuesOf(args: readonly string[], names: readonly string[]): string[] {
  return args.flatMap((arg, at) => {
    const name = names.find((wanted) => arg === wanted || arg.startsWith(`${wanted}=`));
    if (name === undefined) return [];
    const value = arg === name ? args[at + 1] : arg.slice(name.length + 1);
    return value === undefined ? [] : [value];
  });
}
