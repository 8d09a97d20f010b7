/** What execve(2) will look for in the first bytes of a program: elf(5), and the line of a script. */
import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";

/** The first bytes that are read: the headers of a program, and more than the kernel reads of a script's first line. */
const HEAD = 4096;
/** BINPRM_BUF_SIZE of linux/binfmts.h. */
const SCRIPT_MAX = 256;
const ELF = 0x7f454c46;
const PT_INTERP = 3;

/** e_machine of elf(5), by the names of uname(1). */
const MACHINES: Readonly<Record<number, string>> = {
  2: "sparc",
  3: "i386",
  8: "mips",
  20: "ppc",
  21: "ppc64",
  22: "s390x",
  40: "arm",
  62: "x86_64",
  183: "aarch64",
  243: "riscv64",
  258: "loongarch64",
};

/** What a kernel of this architecture runs by itself. */
const NATIVE: Readonly<Partial<Record<NodeJS.Architecture, readonly number[]>>> = { x64: [62, 3], arm64: [183, 40] };

/** What a program needs besides itself, or why the kernel will not execute it. */
export type Format =
  | { readonly interpreter: string | undefined }
  | { readonly problem: string }
  /** The kernel, or a helper it has been given (binfmt_misc), may know better. */
  | "unknown";

/** Judges the program that is open as `fd` (O_PATH is enough), a regular file. */
export function readFormat(fd: number): Format {
  const head = readHead(fd);
  if (head === undefined) return "unknown";
  const format = formatOf(head, process.arch);
  return typeof format === "object" && "problem" in format && hasHelpers() ? "unknown" : format;
}

/** The same for the first bytes of a file, on an architecture. */
export function formatOf(head: Buffer, arch: NodeJS.Architecture): Format {
  if (head.length >= 2 && head.toString("latin1", 0, 2) === "#!") return formatOfScript(head);
  if (head.length < 52 || head.readUInt32BE(0) !== ELF)
    return { problem: "it is neither a program for this machine nor a script that begins with #!" };
  return formatOfElf(head, NATIVE[arch]);
}

function formatOfScript(head: Buffer): Format {
  const line = /^#![ \t]*([^ \t\n\0]*)[ \t\n\0]/.exec(head.toString("utf8", 0, SCRIPT_MAX));
  const [, interpreter = ""] = line ?? [];
  return interpreter === "" ? "unknown" : { interpreter };
}

function formatOfElf(head: Buffer, native: readonly number[] | undefined): Format {
  const [wide, little] = [head[4] === 2, head[5] === 1];
  const machine = little ? head.readUInt16LE(18) : head.readUInt16BE(18);
  if (native !== undefined && !native.includes(machine)) {
    const name = Object.hasOwn(MACHINES, machine) ? MACHINES[machine] : undefined;
    return { problem: `it is a program for ${name ?? `machine ${machine} of elf(5)`}, which this machine is not` };
  }
  if (!little) return "unknown";
  const number = (at: number): number => (wide ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at));
  try {
    const first = number(wide ? 32 : 28);
    const [size, count] = [head.readUInt16LE(wide ? 54 : 42), head.readUInt16LE(wide ? 56 : 44)];
    for (let at = first; at < first + size * count && size > 0; at += size) {
      if (head.readUInt32LE(at) !== PT_INTERP) continue;
      const [from, length] = [number(at + (wide ? 8 : 4)), number(at + (wide ? 32 : 16))];
      if (from + length > head.length) return "unknown";
      return { interpreter: head.toString("utf8", from, from + length).replace(/\0.*$/s, "") };
    }
    return { interpreter: undefined };
  } catch (error) {
    // Its headers lie behind the first bytes.
    if (error instanceof RangeError) return "unknown";
    throw error;
  }
}

function readHead(fd: number): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    const head = Buffer.alloc(HEAD);
    return head.subarray(0, readSync(file, head));
  } catch {
    // A program may be executable without being readable.
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether this machine has been given helpers for foreign programs (binfmt_misc). */
function hasHelpers(): boolean {
  try {
    const known = readdirSync("/proc/sys/fs/binfmt_misc");
    return known.some((name) => name !== "register" && name !== "status");
  } catch {
    return false;
  }
}
