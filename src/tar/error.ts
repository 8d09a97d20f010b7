import { BerthError } from "../error.ts";

/** What is wrong with an archive; stable, for callers that act on it. */
export type TarErrorCode =
  /** It is cut, damaged, or no archive. */
  | "malformed"
  /** It says of a file what no tool writes, so that unpacking would do harm. */
  | "hostile";

/** An archive that cannot be read. Failures of what the members are handed to keep their own class. */
export class TarError extends BerthError<TarErrorCode> {}
