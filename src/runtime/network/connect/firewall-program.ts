import { runProgram } from "../../../system/process.ts";
import { isInstalled } from "../../../system/programs.ts";

/** The program by which netavark sets the firewall up, with Debian's package. */
export interface FirewallProgram {
  readonly program: "iptables" | "nft";
  readonly package: "iptables" | "nftables";
}

/** netavark's version, such as `1.14.0`; empty if it does not say. Throws SystemError "missing-program". */
export function netavarkVersion(): string {
  const { stdout } = runProgram("netavark", ["--version"], { stdout: "pipe", stderr: "ignore" });
  return /\d+\.\d+[\d.]*/.exec(stdout)?.[0] ?? "";
}

/**
 * The program that this netavark needs and that is not installed. It prefers nftables from 1.12 on (its release notes);
 * packages only recommend the program, and netavark's own message does not name it.
 */
export function missingFirewallProgram(): FirewallProgram | undefined {
  const needed = firewallProgram(netavarkVersion());
  return isInstalled(needed.program) ? undefined : needed;
}

export function firewallProgram(version: string): FirewallProgram {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 12)
    ? { program: "nft", package: "nftables" }
    : { program: "iptables", package: "iptables" };
}
