/**
 * The base of berth's errors. Each area has a subclass with its own set of codes; `cause` keeps the underlying error.
 * Messages are short lower-case phrases, so that a chain reads as one line: `start web: mount rootfs: ENOSPC`.
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

/** Whether the error is one of berth's, of any area, with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof BerthError && codes.includes(error.code);
}
