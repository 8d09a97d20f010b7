import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";

/**
 * Copies the content of the folder `from` to the folder `to`, with owners, modes, times and extended attributes; shares
 * blocks if the file system can. `from` may be an open directory: then its path is not looked up again. Throws "volume"
 * with `doing` and cp(1)'s message, also for a full disk.
 */
export function copyTree(from: string | number, to: string, doing: string): void {
  const [source, options] = typeof from === "number" ? ["/proc/self/fd/3", { file: from }] : [from, {}];
  const { exitCode, stderr } = runProgram("cp", ["-a", "--reflink=auto", "--", `${source}/.`, to], options);
  if (exitCode === 0) return;
  const [first = ""] = stderr.split("\n");
  throw new RuntimeError("volume", `${doing}: ${first}`);
}
