import { accessSync, closeSync, constants } from "node:fs";
import { posix } from "node:path";
import { isErrno } from "../../../system/error.ts";
import { RuntimeError } from "../../error.ts";
import type { WrittenSpec } from "../read-spec.ts";
import { readFormat } from "./binary-format.ts";
import { ContainerView, type SeenFile } from "./container-view.ts";

type Payload = Pick<WrittenSpec["process"], "args" | "cwd" | "env">;
type Checked = Pick<WrittenSpec, "root" | "mounts"> & { readonly process: Payload };

interface CheckOptions {
  /** The payload's user, where files have the same ids: without a user namespace. */
  readonly uid?: number | undefined;
  /** Whether the container runs already: its working directory has to be there. */
  readonly running?: boolean;
}

type Needs = ReturnType<typeof readFormat>;

/**
 * Checks that the payload's program can be executed in its working directory, as execvp(3) will: that both are there,
 * that no mount option and no mode forbids it, and that the kernel knows its format and has its interpreter. A
 * foreground run becomes the OCI runtime, which exits with 1 for every failure, while scripts expect 127 and 126. What
 * lies below a mount that is not there yet is not judged. Throws
 * "command-not-found" or "command-not-executable".
 */
export function checkExecutable(spec: Checked, { uid, running = false }: CheckOptions = {}): void {
  const { args, cwd, env } = spec.process;
  const view = new ContainerView(spec);
  checkWorkdir(view, cwd, running);
  const [program = ""] = args;
  const folders = program.includes("/") ? [""] : searchPath(env);
  const places = folders.map((folder) => from(from(cwd, folder), program));
  checkInterpreter(view, program, firstProgram(view, program, places, uid), cwd);
}

/** A folder that is missing at a start is made by the OCI runtime. */
function checkWorkdir(view: ContainerView, cwd: string, running: boolean): void {
  for (let at = posix.normalize(cwd); at !== "/"; at = posix.dirname(at)) {
    const seen = view.find(at);
    if (seen === "unknown") return;
    if (seen === "missing") {
      if (running) throw new RuntimeError("command-not-found", `working directory ${cwd}: there is no such folder`);
      continue;
    }
    closeSync(seen.fd);
    if (seen.stats.isDirectory()) return;
    throw new RuntimeError("command-not-executable", `working directory ${cwd}: ${at} is not a folder`);
  }
}

/** What the program needs, as the first of its places has it. */
function firstProgram(view: ContainerView, program: string, places: readonly string[], uid: number | undefined): Needs {
  let refused: string | undefined;
  for (const place of places) {
    const seen = view.find(place);
    if (seen === "unknown") return "unknown";
    if (seen === "missing") continue;
    try {
      const why = whyNot(seen, uid);
      if (why === undefined) return readFormat(seen.fd);
      refused ??= why;
    } finally {
      closeSync(seen.fd);
    }
  }
  if (refused !== undefined) throw new RuntimeError("command-not-executable", `${program}: ${refused}`);
  throw new RuntimeError("command-not-found", `${program}: no such program in the image`);
}

/** Why execve(2) will refuse the file; undefined where it will not, or may not. */
function whyNot({ fd, stats, options }: SeenFile, uid: number | undefined): string | undefined {
  if (!stats.isFile() || (stats.mode & 0o111) === 0) return "not an executable file";
  const says = options.findLast((word) => word === "noexec" || word === "exec");
  if (says === "noexec") return "it lies in a mount with the option noexec";
  // Rights that an access control list grants to others show in the bits of the group: acl(5).
  if (uid !== undefined && uid !== 0 && stats.uid !== uid && (stats.mode & 0o011) === 0)
    return `its mode lets its owner alone execute it, not uid ${uid}`;
  if (says === "exec") return undefined;
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.X_OK);
    return undefined;
  } catch (error) {
    // Of the file system that it lies in.
    return isErrno(error, "EACCES") ? "its file system is mounted with noexec" : undefined;
  }
}

function checkInterpreter(view: ContainerView, program: string, needs: Needs, cwd: string): void {
  if (needs === "unknown") return;
  if ("problem" in needs) throw new RuntimeError("command-not-executable", `${program}: ${needs.problem}`);
  if (needs.interpreter === undefined) return;
  const seen = view.find(from(cwd, needs.interpreter));
  const interpreter = JSON.stringify(needs.interpreter);
  if (seen === "missing")
    throw new RuntimeError("command-not-found", `${program}: its interpreter ${interpreter} is not in the image`);
  if (seen === "unknown") return;
  closeSync(seen.fd);
  if (!seen.stats.isFile() || (seen.stats.mode & 0o111) === 0)
    throw new RuntimeError("command-not-executable", `${program}: its interpreter ${interpreter} cannot be executed`);
}

/** A path as the kernel walks it: ".." of a link is the parent of what the link means. */
function from(folder: string, path: string): string {
  return path.startsWith("/") ? path : `${folder}/${path}`;
}

function searchPath(env: Payload["env"]): string[] {
  const path = env.find((assignment) => assignment.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return path.split(":").filter((directory) => directory !== "");
}
