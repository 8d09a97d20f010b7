import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

/** Whether a pod ends with its last container. */
export const EXIT_POLICIES = ["stop", "continue"] as const;
export type ExitPolicy = (typeof EXIT_POLICIES)[number];

/** `ExitPolicy=` of a pod. It decides on lines of the units, so systemd can fill nothing in. */
export function parseExitPolicy(text: string): Parsed<ExitPolicy> {
  const policy = EXIT_POLICIES.find((word) => word === text);
  if (policy !== undefined) return valid(policy);
  return invalid("bad-exit-policy", `${quoted(text)} is not an exit policy`, { hint: EXIT_POLICIES.join(" or ") });
}

/** `--restart`: a container goes when its first process ends, so `no` is the only policy. */
export function parseRestart(text: string): Parsed<"no"> {
  if (text === "no") return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const hint = "write a container file with Restart= in [Service]";
  return invalid("bad-restart-policy", `${quoted(text)} is systemd's work`, { hint });
}
