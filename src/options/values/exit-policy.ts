import { type Problem, quoted } from "./check.ts";

/** `ExitPolicy=` of a pod. It decides on lines of the units, so systemd can fill nothing in. */
export function checkExitPolicy(value: string): Problem | undefined {
  if (value === "stop" || value === "continue") return undefined;
  return { code: "bad-exit-policy", message: `${quoted(value)} is not an exit policy`, hint: "stop or continue" };
}
