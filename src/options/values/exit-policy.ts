import { invalid, type Parsed, quoted, valid } from "./check.ts";

/** Whether a pod ends with its last container. */
export type ExitPolicy = "stop" | "continue";

/** `ExitPolicy=` of a pod. It decides on lines of the units, so systemd can fill nothing in. */
export function parseExitPolicy(text: string): Parsed<ExitPolicy> {
  if (text === "stop" || text === "continue") return valid(text);
  return invalid("bad-exit-policy", `${quoted(text)} is not an exit policy`, { hint: "stop or continue" });
}
