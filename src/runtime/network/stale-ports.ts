import type { NetworkDefinition } from "../../state/network-definition.ts";
import { runProgram } from "../../system/process.ts";
import { isInstalled } from "../../system/programs.ts";
import { firewallProgram, netavarkVersion } from "./connect/firewall-program.ts";

/** netavark's table of family inet, and its chain with a rule for each published port (netavark, src/firewall). */
const TABLE = ["inet", "netavark"] as const;
const PORTS = "NETAVARK-HOSTPORT-DNAT";

/**
 * Removes the rules of ports that containers of a network have published: those of containers whose records are lost
 * would lead to whoever gets their addresses, and keep netavark from removing the network's own rules. The caller holds
 * netavark's lock, and knows that no container is in the network.
 */
export function removeStalePorts({ id, name }: Pick<NetworkDefinition, "id" | "name">): void {
  const { program } = firewallProgram(netavarkVersion());
  if (!isInstalled(program)) return;
  const list =
    program === "nft"
      ? (["nft", ["-a", "list", "table", ...TABLE]] as const)
      : (["iptables-save", ["-t", "nat"]] as const);
  const { stdout } = runProgram(list[0], list[1], { stdout: "pipe" });
  if (program === "nft") apply("nft", ["-f", "-"], nftCommands(stdout, id));
  else apply("iptables-restore", ["--noflush"], iptablesCommands(stdout, name));
}

function apply(program: "nft" | "iptables-restore", args: readonly string[], commands: readonly string[]): void {
  if (commands.length > 0) runProgram(program, args, { stdin: `${commands.join("\n")}\n` });
}

/** nft(8)'s commands that remove the chains of a network's ports, which are named for its ID, and what leads there. */
export function nftCommands(listing: string, id: string): string[] {
  const own = `nv_${id.slice(0, 8)}_[0-9a-f_]+_nm\\d+_dnat`;
  const chains = [...listing.matchAll(new RegExp(`^\\s*chain (${own}) \\{`, "gm"))].map(([, chain]) => chain);
  const [, ports = ""] = new RegExp(`^\\s*chain ${PORTS} \\{([^}]*)`, "m").exec(listing) ?? [];
  const jumps = [...ports.matchAll(new RegExp(` jump ${own} # handle (\\d+)$`, "gm"))].map(([, handle]) => handle);
  const table = TABLE.join(" ");
  return [
    ...jumps.map((handle) => `delete rule ${table} ${PORTS} handle ${handle}`),
    ...chains.flatMap((chain) => [`flush chain ${table} ${chain}`, `delete chain ${table} ${chain}`]),
  ];
}

/** iptables-restore(8)'s lines that do so: there the comment of a rule has the network's name. */
export function iptablesCommands(listing: string, name: string): string[] {
  const rules = listing
    .split("\n")
    .filter((line) => line.startsWith(`-A ${PORTS} `) && line.includes(`--comment "dnat name: ${name} id: `));
  const chains = new Set(rules.flatMap((rule) => / -j (NETAVARK-DN-\w+)$/.exec(rule)?.[1] ?? []));
  if (rules.length === 0) return [];
  return ["*nat", ...rules.map((rule) => `-D${rule.slice(2)}`), ...[...chains].map((chain) => `-F ${chain}`), "COMMIT"];
}
