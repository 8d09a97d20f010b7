import { findProgram } from "../../../system/programs.ts";
import { RuntimeError } from "../../error.ts";

/*
 * ip(8), run in the network namespace of this thread.
 */

/** Runs commands of ip(8) until one fails. Throws "network" with its message. */
export function runIpCommands(commands: readonly string[]): void {
  const complaint = runBatch(commands, []);
  if (complaint !== undefined) throw new RuntimeError("network", `${commands.join(", ")}: ${complaint}`);
}

/** Runs all of the commands of ip(8), whether or not some of them fail. */
export function tryIpCommands(commands: readonly string[]): void {
  if (commands.length > 0) runBatch(commands, ["-force"]);
}

/** The number of interfaces on a bridge, undefined if there is no such bridge. */
export function countBridgePorts(bridge: string): number | undefined {
  // Not by /sys, which may show another namespace's interfaces.
  const words = [findProgram("ip"), "-json", "link", "show", "master", bridge];
  const child = Bun.spawnSync(words, { stdin: "ignore", stderr: "ignore" });
  if (child.exitCode !== 0) return undefined;
  const links: unknown = JSON.parse(child.stdout.toString() || "[]");
  return Array.isArray(links) ? links.length : undefined;
}

function runBatch(commands: readonly string[], flags: readonly string[]): string | undefined {
  const stdin = Buffer.from(commands.map((command) => `${command}\n`).join(""));
  const child = Bun.spawnSync([findProgram("ip"), ...flags, "-batch", "-"], { stdin, stderr: "pipe" });
  return child.exitCode === 0 ? undefined : child.stderr.toString().trim();
}
