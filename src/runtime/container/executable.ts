import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { O_PATH, openInRoot } from "../../system/open-in-root.ts";
import { RuntimeError } from "../error.ts";
import type { WrittenSpec } from "./read-spec.ts";

type Payload = Pick<WrittenSpec["process"], "args" | "cwd" | "env">;

/**
 * Checks that the payload's program exists and can be executed, as execvp(3) will. A foreground run becomes the OCI
 * runtime, which exits with 1 for every failure, while scripts expect 127 and 126. A program below a mount is not
 * checked. Throws "command-not-found" or "command-not-executable".
 */
export function checkExecutable(spec: Pick<WrittenSpec, "root" | "mounts"> & { readonly process: Payload }): void {
  const [program = ""] = spec.process.args;
  const candidates = program.includes("/")
    ? [join(spec.process.cwd, program)]
    : searchPath(spec.process).map((dir) => join(dir, program));
  if (program.startsWith("/")) candidates.splice(0, candidates.length, program);
  if (
    candidates.some((path) =>
      spec.mounts.some(({ destination }) => path.startsWith(`${destination}/`) || path === destination),
    )
  )
    return;
  const root = openSync(spec.root.path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const modes = candidates.flatMap((path) => modeOf(root, path) ?? []);
    if (modes.length === 0) throw new RuntimeError("command-not-found", `${program}: no such program in the image`);
    const executable = modes.some((mode) => (mode & constants.S_IFMT) === constants.S_IFREG && (mode & 0o111) !== 0);
    if (!executable) throw new RuntimeError("command-not-executable", `${program}: not an executable file`);
  } finally {
    closeSync(root);
  }
}

function searchPath({ env }: Payload): string[] {
  const path = env.find((assignment) => assignment.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return path.split(":").filter((directory) => directory !== "");
}

function modeOf(root: number, path: string): number | undefined {
  const fd = openInRoot(root, path, O_PATH);
  if (fd === undefined) return undefined;
  try {
    return fstatSync(fd).mode;
  } finally {
    closeSync(fd);
  }
}
