import { BerthError } from "../error.ts";

/** Why the machine did not do what it was asked for; callers act on `code` and `errno`, never on the message. */
export type SystemErrorCode =
  /** A system call failed; `errno` says how. */
  | "syscall"
  /** A path or name that no system call can take: it has a NUL byte in it. */
  | "bad-name"
  /** A file system that cannot be unmounted. */
  | "still-mounted"
  /** A program, or a file of the distribution's, that is not installed. */
  | "missing-program";

/** A failure of the kernel, or of what the distribution installs. */
export class SystemError extends BerthError<SystemErrorCode> {
  /** The errno's name, such as `ENOENT`, of a failed system call. */
  readonly errno: string | undefined;

  constructor(code: SystemErrorCode, message: string, options: ErrorOptions & { readonly errno?: string } = {}) {
    super(code, message, options);
    this.errno = options.errno;
  }
}

/**
 * The errno name (`ENOENT`) of a failed system call, whether node:fs or src/system made it; undefined for any other
 * failure. Codes of Node's own (`ERR_…`) are no errno names.
 */
export function errnoName(error: unknown): string | undefined {
  if (error instanceof SystemError) return error.errno;
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

/** Whether a system call failed with one of these errno names. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(errnoName(error) ?? "");
}

/** There is no such file (ENOENT). */
export function isMissing(error: unknown): boolean {
  return errnoName(error) === "ENOENT";
}

/** There is a file of that name already (EEXIST). */
export function isTaken(error: unknown): boolean {
  return errnoName(error) === "EEXIST";
}
