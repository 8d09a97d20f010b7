import { isDeferred, type Problem, quoted } from "./check.ts";

const POLICIES: readonly string[] = ["always", "missing", "never", "newer"];

/** `Pull=`. */
export function checkPull(value: string): Problem | undefined {
  if (isDeferred(value) || POLICIES.includes(value)) return undefined;
  return { code: "bad-pull-policy", message: `${quoted(value)} is not a pull policy`, hint: POLICIES.join(", ") };
}

/** `Retry=`: how often a failed pull is tried again. */
export function checkRetry(value: string): Problem | undefined {
  if (isDeferred(value) || /^\d{1,4}$/.test(value)) return undefined;
  return { code: "bad-retry", message: `${quoted(value)} is not a number of retries` };
}

/** `Creds=`: podman asks for a password that is left out, which nobody could answer in a unit. */
export function checkCredentials(value: string): Problem | undefined {
  if (isDeferred(value) || /^[^:]+:/.test(value)) return undefined;
  return { code: "bad-credentials", message: "there is no password", hint: "write user:password, or use AuthFile=" };
}
