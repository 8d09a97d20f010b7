import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

/** When an image is pulled. */
export const PULL_POLICIES = ["always", "missing", "never", "newer"] as const;
export type PullPolicy = (typeof PULL_POLICIES)[number];

/** `Pull=`, and `Policy=` of an image. */
export function parsePullPolicy(text: string): Parsed<PullPolicy> {
  const policy = PULL_POLICIES.find((word) => word === text);
  if (policy !== undefined) return valid(policy);
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-pull-policy", `${quoted(text)} is not a pull policy`, { hint: PULL_POLICIES.join(", ") });
}

/** `Retry=`: how often a failed pull is tried again. */
export function parseRetry(text: string): Parsed<number> {
  if (/^\d{1,4}$/.test(text)) return valid(Number(text));
  return isDeferred(text) ? DEFERRED : invalid("bad-retry", `${quoted(text)} is not a number of retries`);
}

/** Credentials for a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** `Creds=`: podman asks for a password that is left out, which no one could answer in a unit. */
export function parseCredentials(text: string): Parsed<Credentials> {
  const colon = text.indexOf(":");
  if (colon > 0) return valid({ username: text.slice(0, colon), password: text.slice(colon + 1) });
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-credentials", "there is no password", { hint: "write user:password, or use AuthFile=" });
}
