import { isDeferred, type Problem, quoted, shifted, splitAt } from "./check.ts";

/** What berth can do today. */
const MODES: readonly string[] = ["bridge", "host", "none", "pasta"];
/** What Podman knows besides; a name that is none of these is a network's. */
const LATER: readonly string[] = ["private", "slirp4netns", "container", "ns"];

/** `Network=`: a mode. References to other units are looked at where the units are known. */
export function checkNetwork(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  const { head, tail, tailAt } = splitAt(value, ":");
  if (MODES.includes(head)) {
    if (tail === undefined) return undefined;
    if (head === "pasta") return shifted(checkPastaOptions(tail), tailAt);
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
  return { code: "not-supported-yet", message: `${what} not supported yet`, hint: "bridge, pasta, host or none" };
}

/** Words that would keep pasta from going into the background, which tells that it is ready, or name another namespace. */
const MANAGED_BY_BERTH = /^(?:-f|--foreground|-d|--debug|--trace|--netns|--userns|--netns-only|-P|--pid)(?:=|$)/;

/** pasta's own options, divided by commas: `--mtu,1500`. What they mean is for pasta to say. */
function checkPastaOptions(text: string): Problem | undefined {
  let at = 0;
  for (const word of text.split(",")) {
    if (word === "") return { code: "bad-network", message: "an option of pasta's is missing", at };
    if (MANAGED_BY_BERTH.test(word))
      return { code: "bad-network", message: `${quoted(word)} of pasta's is managed by berth`, at };
    at += word.length + 1;
  }
  return undefined;
}
