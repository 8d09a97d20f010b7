import { CommandError } from "../../cli/program/command.ts";
import { splitAt } from "../values/check.ts";
import { splitNetworkOptions } from "../values/network.ts";
import type { NetworkAttachment, NetworkRequest } from "./run-request.ts";

/** The bridge network of containers that ask for none in particular. */
const DEFAULT_NETWORK = "berth";

/** What the flags about networks say, each value checked before. */
export interface NetworkFlags {
  readonly networks: readonly string[];
  readonly ip: string | undefined;
  readonly ip6: string | undefined;
  readonly mac: string | undefined;
  /** For all of the networks. */
  readonly aliases: readonly string[];
}

/**
 * The network of a container or a pod. Without `--network` it is the default bridge in the system's scope, and pasta in
 * a user's. Throws CommandError (exit code 125) for what cannot be together.
 */
export function toNetworkRequest(flags: NetworkFlags, scope: "system" | "user"): NetworkRequest {
  const byDefault = scope === "user" ? "pasta" : "bridge";
  const values = (flags.networks.length === 0 ? [byDefault] : flags.networks).map((value) => {
    const { head, tail } = splitAt(value, ":");
    return head === "private" || head === "default" ? { head: byDefault, tail } : { head, tail };
  });
  const special = values.find(({ head }) => ["host", "none", "container", "ns", "pasta"].includes(head));
  if (special === undefined) return { mode: "bridge", networks: attachments(values, flags) };
  const { head: mode, tail } = special;
  if (values.length > 1) throw refuse(`--network ${mode} cannot be given together with other networks`);
  for (const [flag, value] of [
    ["ip", flags.ip] as const,
    ["ip6", flags.ip6] as const,
    ["mac-address", flags.mac] as const,
  ]) {
    if (value !== undefined) throw refuse(`--${flag} ${value}: needs a network of berth's own, not ${mode}`);
  }
  if (mode === "host" || mode === "none") return { mode };
  if (mode === "container") return { mode, name: tail ?? "" };
  if (mode === "ns") return { mode: "namespace", path: tail ?? "" };
  return { mode: "pasta", options: tail === undefined || tail === "" ? [] : tail.split(",") };
}

function attachments(
  values: readonly { head: string; tail: string | undefined }[],
  flags: NetworkFlags,
): NetworkAttachment[] {
  const single = { ip: flags.ip, ip6: flags.ip6, "mac-address": flags.mac };
  for (const [flag, value] of Object.entries(single)) {
    if (value !== undefined && values.length > 1)
      throw refuse(
        `--${flag} ${value}: say for which network, as in --network NAME:${flag === "mac-address" ? "mac" : flag}=${value}`,
      );
  }
  const networks = values.map(({ head, tail }): NetworkAttachment => {
    const options = splitNetworkOptions(tail);
    return {
      name: head === "bridge" ? DEFAULT_NETWORK : head,
      aliases: [...new Set([...options.aliases, ...flags.aliases])],
      ips: [...new Set([...options.ips, ...[flags.ip, flags.ip6].filter((ip) => ip !== undefined)])],
      mac: (flags.mac ?? options.mac)?.toLowerCase(),
      interfaceName: options.interfaceName,
    };
  });
  for (const [index, { name, interfaceName }] of networks.entries()) {
    const before = networks.slice(0, index);
    if (before.some((other) => other.name === name)) throw refuse(`--network ${name}: is given twice`);
    if (interfaceName !== undefined && before.some((other) => other.interfaceName === interfaceName))
      throw refuse(`--network ${name}: another network's interface is called ${interfaceName}`);
  }
  return networks;
}

function refuse(message: string): CommandError {
  return new CommandError(message, 125);
}
