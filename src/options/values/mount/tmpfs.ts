import { closest } from "../../../suggest.ts";
import {
  DEFERRED,
  invalid,
  isDeferred,
  type Parsed,
  quoted,
  shifted,
  splitAt,
  splitList,
  suggesting,
  valid,
} from "../check.ts";
import { cleanPath, parseContainerPath } from "../path.ts";
import { parseSize } from "../size.ts";
import { kernelPlaceProblem } from "./kernel-place.ts";

/** mount(8): words for any file system. */
const FLAGS: readonly string[] = [
  "rw",
  "ro",
  "exec",
  "noexec",
  "suid",
  "nosuid",
  "dev",
  "nodev",
  "sync",
  "async",
  "dirsync",
  "atime",
  "noatime",
  "diratime",
  "nodiratime",
  "relatime",
  "norelatime",
  "strictatime",
  "nostrictatime",
  "nosymfollow",
  "noswap",
  "inode32",
  "inode64",
  "shared",
  "rshared",
  "slave",
  "rslave",
  "private",
  "rprivate",
  "unbindable",
  "runbindable",
  "tmpcopyup",
  "notmpcopyup",
  "U",
];

/** tmpfs(5). */
const NAMED: readonly string[] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge", "mpol"];

/** A tmpfs in the container: where, and mount options. */
export interface TmpfsValue {
  readonly target: string;
  readonly options: readonly string[];
}

/** `Tmpfs=`: `folder[:options]`. */
export function parseTmpfs(text: string): Parsed<TmpfsValue> {
  const { head, tail, tailAt } = splitAt(text, ":");
  const target = parseContainerPath(head);
  if ("problem" in target) return target;
  let deferred = !("value" in target);
  const options = tail === undefined ? [] : splitList(tail);
  for (const { text: option, at } of options) {
    const parsed = parseTmpfsOption(option);
    if ("problem" in parsed) return shifted(parsed, tailAt + at);
    deferred ||= !("value" in parsed);
  }
  if (deferred || !("value" in target)) return DEFERRED;
  const place = cleanPath(target.value);
  const problem = kernelPlaceProblem("tmpfs", place);
  if (problem !== undefined) return { problem };
  return valid({ target: place, options: tail === "" ? [] : options.map(({ text: word }) => word) });
}

/** One option of a tmpfs, as it was written. */
export function parseTmpfsOption(option: string): Parsed<string> {
  if (FLAGS.includes(option)) return valid(option);
  if (isDeferred(option)) return DEFERRED;
  const { head, tail, tailAt } = splitAt(option, "=");
  if (!NAMED.includes(head)) {
    const problem = { code: "bad-mount-option", message: `${quoted(option)} is not an option of a tmpfs` };
    return { problem: suggesting(problem, closest(head, [...FLAGS, ...NAMED])) };
  }
  if (tail === undefined || tail === "") return invalid("bad-mount-option", `${head} needs a value`);
  const bad = (what: string) => invalid("bad-mount-option", `${quoted(tail)} is not ${what}`, { at: tailAt });
  if (head === "mode" && !/^[0-7]{1,5}$/.test(tail)) return bad("a mode (octal)");
  if ((head === "uid" || head === "gid") && !/^\d+$/.test(tail)) return bad("a number");
  if (head === "size" && !/^\d+%{1,2}$/.test(tail) && !("value" in parseSize(tail))) return bad("a size");
  return valid(option);
}
