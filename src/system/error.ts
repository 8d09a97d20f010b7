import { BerthError } from "../error.ts";

/** Kinds of failures of the machine; callers act on `code` and `errno`, never on the message. */
export type SystemErrorCode =
  /** A system call failed; `errno` names its error. */
  | "syscall"
  /** A path or name with a NUL byte, which no system call takes. */
  | "bad-name"
  /** A folder, pipe, device or file of the kernel where a regular file is expected. */
  | "not-regular"
  /** A file that is longer than it may be. */
  | "too-long"
  /** A settings file that cannot be read, or says what it may not. */
  | "bad-settings"
  /** A file system that cannot be unmounted. */
  | "still-mounted"
  /** A program, or another file of the distribution, that is not installed. */
  | "missing-program";

/** A failure of the kernel or of an installed program. */
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
 * failure. Node's own codes (`ERR_…`) are no errno names.
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
