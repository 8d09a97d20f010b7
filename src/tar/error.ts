import { BerthError } from "../error.ts";

/** Kinds of bad archives; stable, for callers that act on them. */
export type TarErrorCode =
  /** Truncated, damaged, or no archive at all. */
  | "malformed"
  /** Metadata that no honest tool writes and that would make unpacking do harm. */
  | "hostile";

/** An archive that cannot be read. Errors that a sink throws keep their class. */
export class TarError extends BerthError<TarErrorCode> {}
