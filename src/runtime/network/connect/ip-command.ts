import { runProgram } from "../../../system/process.ts";
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
  const words = ["-json", "link", "show", "master", bridge];
  const { exitCode, stdout } = runProgram("ip", words, { stdout: "pipe", stderr: "ignore" });
  if (exitCode !== 0) return undefined;
  const links: unknown = JSON.parse(stdout || "[]");
  return Array.isArray(links) ? links.length : undefined;
}

function runBatch(commands: readonly string[], flags: readonly string[]): string | undefined {
  const stdin = commands.map((command) => `${command}\n`).join("");
  const { exitCode, stderr } = runProgram("ip", [...flags, "-batch", "-"], { stdin });
  return exitCode === 0 ? undefined : stderr;
}
