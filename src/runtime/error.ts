import { BerthError } from "../error.ts";

/** Why a container operation failed; callers decide on exit codes by `code`, never by message. */
export type RuntimeErrorCode =
  | "bad-request"
  | "command-not-executable"
  | "command-not-found"
  | "image-not-found"
  | "loginuid"
  | "name-in-use"
  | "namespace"
  | "network"
  | "network-exists"
  | "network-in-use"
  | "no-such-container"
  | "no-such-network"
  | "no-such-volume"
  | "no-such-pod"
  | "no-such-user"
  | "oci-runtime"
  | "systemd"
  | "user-namespace"
  | "volume"
  | "volume-in-use";

/** A container could not be started, stopped, entered or cleaned up. */
export class RuntimeError extends BerthError<RuntimeErrorCode> {}
