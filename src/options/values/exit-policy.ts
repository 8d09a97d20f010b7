import { invalid, type Parsed, quoted, valid } from "./check.ts";

/** Whether a pod ends with its last container. */
export const EXIT_POLICIES = ["stop", "continue"] as const;
export type ExitPolicy = (typeof EXIT_POLICIES)[number];

/** `ExitPolicy=` of a pod. It decides on lines of the units, so systemd can fill nothing in. */
export function parseExitPolicy(text: string): Parsed<ExitPolicy> {
  const policy = EXIT_POLICIES.find((word) => word === text);
  if (policy !== undefined) return valid(policy);
  return invalid("bad-exit-policy", `${quoted(text)} is not an exit policy`, { hint: EXIT_POLICIES.join(" or ") });
}
