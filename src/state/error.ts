import { BerthError } from "../error.ts";

/** Why state could not be had as it was asked for; callers decide by `code`, never by message. */
export type StateErrorCode = "corrupt-record" | "state-io" | "newer-record" | "no-such-container" | "no-such-pod";

/** There is no such thing in berth's records, or a record cannot be read. */
export class StateError extends BerthError<StateErrorCode> {}
