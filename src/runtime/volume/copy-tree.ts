import { runProgram } from "../../system/process.ts";
import { RuntimeError } from "../error.ts";

/**
 * Copies what is in the folder `from` into the folder `to`, with owners, modes, times and extended attributes; blocks
 * are shared where the file system can. `from` may be an open directory: then no path to it is followed a second time.
 * `doing` is what the error begins with. Throws "volume" with what cp(1) says, a full disk among it.
 */
export function copyTree(from: string | number, to: string, doing: string): void {
  const [source, options] = typeof from === "number" ? ["/proc/self/fd/3", { file: from }] : [from, {}];
  const { exitCode, stderr } = runProgram("cp", ["-a", "--reflink=auto", "--", `${source}/.`, to], options);
  if (exitCode === 0) return;
  const [first = ""] = stderr.split("\n");
  throw new RuntimeError("volume", `${doing}: ${first}`);
}
