import { BerthError } from "../error.ts";

/** Why berth's records have no answer; callers decide by `code`, never by message. */
export type StateErrorCode =
  | "ambiguous"
  | "corrupt-record"
  | "newer-record"
  | "no-such-container"
  | "no-such-network"
  | "no-such-pod"
  | "no-such-volume"
  | "state-io";

/** A container, pod, network or volume that has no record, or one that cannot be read. */
export class StateError extends BerthError<StateErrorCode> {}
