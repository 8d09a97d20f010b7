/**
 * The base of berth's failed operations. Each area has a subclass with its own set of codes; `cause` keeps what lies
 * beneath. Messages are short lower-case phrases, so that a chain reads as one line: `start web: mount rootfs: ENOSPC`.
 */
export abstract class BerthError<Code extends string = string> extends Error {
  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Whether something failed with one of these codes, in whatever area. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof BerthError && codes.includes(error.code);
}
