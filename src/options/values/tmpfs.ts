import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";
import { checkContainerPath } from "./path.ts";
import { sizeInBytes } from "./size.ts";

/** mount(8): what any file system takes. */
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

/** `Tmpfs=`: `folder[:options]`. */
export function checkTmpfs(value: string): Problem | undefined {
  const { head, tail, tailAt } = splitAt(value, ":");
  const problem = checkContainerPath(head);
  if (problem !== undefined || tail === undefined) return problem;
  let at = tailAt;
  for (const option of tail.split(",")) {
    const found = checkTmpfsOption(option);
    if (found !== undefined) return shifted(found, at);
    at += option.length + 1;
  }
  return undefined;
}

/** One option of a tmpfs. */
export function checkTmpfsOption(option: string): Problem | undefined {
  if (isDeferred(option) || FLAGS.includes(option)) return undefined;
  const { head, tail, tailAt } = splitAt(option, "=");
  if (!NAMED.includes(head)) {
    return suggesting(
      { code: "bad-mount-option", message: `${quoted(option)} is not an option of a tmpfs` },
      closest(head, [...FLAGS, ...NAMED]),
    );
  }
  const bad = (what: string): Problem => ({
    code: "bad-mount-option",
    message: `${quoted(tail ?? "")} is not ${what}`,
    at: tailAt,
  });
  if (tail === undefined || tail === "") return { code: "bad-mount-option", message: `${head} needs a value` };
  if (head === "mode" && !/^[0-7]{1,5}$/.test(tail)) return bad("a mode (octal)");
  if ((head === "uid" || head === "gid") && !/^\d+$/.test(tail)) return bad("a number");
  if (head === "size" && !/^\d+%{1,2}$/.test(tail) && sizeInBytes(tail) === undefined) return bad("a size");
  return undefined;
}
