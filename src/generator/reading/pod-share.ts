import { parseFlags } from "../../options/flags/parse.ts";
import { POD_FLAGS } from "../../options/flags/pod-flags.ts";
import { valueIn } from "../../options/values/check.ts";
import { parseShare, SHARED_BY_DEFAULT, type SharedKind } from "../../options/values/share.ts";
import { listEntries } from "../../unit/lookup.ts";
import { splitWords } from "../../unit/words.ts";
import type { ParsedSource } from "./source.ts";

/** The namespaces that the containers of a `.pod` file share, as far as its words are plain: `--share` has no key. */
export function sharedKinds(pod: ParsedSource): readonly SharedKind[] {
  const entries = listEntries(pod.sections.get(pod.type.section), "PodmanArgs");
  const words = entries.flatMap(({ value }) => splitWords(value, "escaped").words.map(({ text }) => text));
  let share: string | undefined;
  // A word that is neither flag nor value is skipped: a variable may stand for any number of flags.
  for (let from = 0; from < words.length; ) {
    const { flags, rest } = parseFlags(words.slice(from), POD_FLAGS);
    if (typeof flags.share === "string") share = flags.share;
    from = words.length - rest.length + 1;
  }
  return (share === undefined ? undefined : valueIn(parseShare(share))) ?? SHARED_BY_DEFAULT;
}
