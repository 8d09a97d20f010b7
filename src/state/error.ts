import { BerthError } from "../error.ts";

/** Why state could not be had as it was asked for; callers decide by `code`, never by message. */
export type StateErrorCode =
  | "ambiguous"
  | "corrupt-record"
  | "newer-record"
  | "no-such-container"
  | "no-such-network"
  | "no-such-pod"
  | "no-such-volume"
  | "state-io";

/** There is no such thing in berth's records, or a record cannot be read. */
export class StateError extends BerthError<StateErrorCode> {}
