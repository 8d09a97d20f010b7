import { isDeferred, type Problem, quoted, splitAt } from "./check.ts";

/** What berth can do today. */
const MODES: readonly string[] = ["bridge", "host", "none"];
/** What Podman knows besides; a name that is none of these is a network's. */
const LATER: readonly string[] = ["private", "pasta", "slirp4netns", "container", "ns"];

/** `Network=`: a mode. References to other units are looked at where the units are known. */
export function checkNetwork(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  const { head, tail, tailAt } = splitAt(value, ":");
  if (MODES.includes(head)) {
    if (tail === undefined) return undefined;
    const message =
      head === "bridge" ? `options of the bridge network are not supported yet` : `Network=${head} takes no options`;
    return { code: head === "bridge" ? "not-supported-yet" : "bad-network", message, at: tailAt };
  }
  if (/^["']/.test(value)) {
    return {
      code: "bad-network",
      message: `${quoted(value)} is not a network`,
      hint: "quotes belong to the value here",
    };
  }
  const what = LATER.includes(head) ? `Network=${head} is` : `a named network (${quoted(head)}) is`;
  return { code: "not-supported-yet", message: `${what} not supported yet`, hint: "bridge, host or none" };
}
