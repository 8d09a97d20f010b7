import { OptionError } from "../error.ts";
import { DEFAULT_NETWORK, type NetworkValue } from "../values/network.ts";
import type { NetworkAttachment, NetworkRequest } from "./run-request.ts";

/** The values of the flags about networks. */
export interface NetworkFlags {
  readonly networks: readonly NetworkValue[];
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
  readonly mac: string | undefined;
  /** For all of the networks. */
  readonly aliases: readonly string[];
}

type NamedNetwork = Extract<NetworkValue, { kind: "name" }>;
type SpecialNetwork = Exclude<NetworkValue, { kind: "name" | "default" }>;

/**
 * The network of a container or a pod. Without `--network` it is the default bridge in the system's scope, and pasta in
 * a user's. Throws OptionError for what cannot be together.
 */
export function toNetworkRequest(flags: NetworkFlags, scope: "system" | "user"): NetworkRequest {
  const given: readonly NetworkValue[] = flags.networks.length === 0 ? [DEFAULT] : flags.networks;
  const networks = given.map((network) => settled(network, scope));
  const named = networks.filter((network) => network.kind === "name");
  const special = networks.find((network) => network.kind !== "name");
  if (special === undefined) return { mode: "bridge", networks: attachments(named, flags) };
  if (networks.length > 1) throw refuse(`--network ${special.kind} cannot be given together with other networks`);
  for (const [flag, value] of [
    ["ip", flags.ip],
    ["ip6", flags.ip6],
    ["mac-address", flags.mac],
  ] as const) {
    if (value !== undefined) throw refuse(`--${flag} ${value}: needs a network of berth's own, not ${special.kind}`);
  }
  switch (special.kind) {
    case "host":
    case "none":
      return { mode: special.kind };
    case "container":
      return { mode: "container", name: special.name };
    case "ns":
      return { mode: "namespace", path: special.path };
    case "pasta":
      return { mode: "pasta", options: special.options };
  }
}

const DEFAULT: NetworkValue = {
  kind: "default",
  options: { aliases: [], ips: [], mac: undefined, interfaceName: undefined },
  words: [],
};

/** With the scope's default network in the place of the word for it. */
function settled(network: NetworkValue, scope: "system" | "user"): NamedNetwork | SpecialNetwork {
  if (network.kind !== "default") return network;
  if (scope === "user") return { kind: "pasta", options: network.words };
  return { kind: "name", name: DEFAULT_NETWORK, options: network.options };
}

function attachments(networks: readonly NamedNetwork[], flags: NetworkFlags): NetworkAttachment[] {
  const single = { ip: flags.ip, ip6: flags.ip6, "mac-address": flags.mac };
  for (const [flag, value] of Object.entries(single)) {
    const option = flag === "mac-address" ? "mac" : flag;
    if (value !== undefined && networks.length > 1)
      throw refuse(`--${flag} ${value}: say for which network, as in --network NAME:${option}=${value}`);
  }
  const attached = networks.map(
    ({ name, options }): NetworkAttachment => ({
      name,
      aliases: [...new Set([...options.aliases, ...flags.aliases])],
      ips: [...new Set([...options.ips, ...[flags.ip, flags.ip6].filter((ip) => ip !== undefined)])],
      mac: (flags.mac ?? options.mac)?.toLowerCase(),
      interfaceName: options.interfaceName,
    }),
  );
  for (const [index, { name, interfaceName }] of attached.entries()) {
    const before = attached.slice(0, index);
    if (before.some((other) => other.name === name)) throw refuse(`--network ${name}: is given twice`);
    if (interfaceName !== undefined && before.some((other) => other.interfaceName === interfaceName))
      throw refuse(`--network ${name}: another network's interface is called ${interfaceName}`);
  }
  return attached;
}

function refuse(message: string): OptionError {
  return new OptionError("bad-network", message);
}
