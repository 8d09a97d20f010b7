import { isDeferred, type Problem, quoted } from "./check.ts";

const POLICIES: readonly string[] = ["always", "missing", "never", "newer"];

/** `Pull=`. */
export function checkPull(value: string): Problem | undefined {
  if (isDeferred(value) || POLICIES.includes(value)) return undefined;
  return { code: "bad-pull-policy", message: `${quoted(value)} is not a pull policy`, hint: POLICIES.join(", ") };
}
