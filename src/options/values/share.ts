import { closest } from "../../suggest.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, suggesting, valid } from "./check.ts";

/** Kinds of namespaces that the containers of a pod can share. */
export const SHARED_KINDS = ["ipc", "net", "pid", "uts"] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

/** The namespaces that containers share by default: podman's, and Kubernetes'. */
export const SHARED_BY_DEFAULT: readonly SharedKind[] = ["ipc", "net", "uts"];

/** podman's words for no namespace: it ignores "user", as all containers of a pod are in one user namespace anyway. */
const WITHOUT_EFFECT: readonly string[] = ["", "user"];

/** Namespaces that podman shares and berth does not, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  cgroup: "each container is in the cgroup of its own service; Slice= of the pod puts them all below one",
  mnt: "each container has its own files; Volume= of the pod is for all of them",
};

/**
 * `--share` of `berth pod create`, podman-pod-create(1): a list in place of the default one, or behind a plus more than
 * that; "none" is nothing at all, whatever stands beside it.
 */
export function parseShare(text: string): Parsed<readonly SharedKind[]> {
  if (isDeferred(text)) return DEFERRED;
  const adds = text.startsWith("+");
  const words = text.slice(adds ? 1 : 0).split(",");
  for (const word of words) {
    if (word === "none" || WITHOUT_EFFECT.includes(word) || isSharedKind(word)) continue;
    const reason = Object.hasOwn(REFUSED, word) ? REFUSED[word] : undefined;
    if (reason !== undefined) return invalid("bad-share", `${quoted(word)} cannot be shared`, { hint: reason });
    const problem = {
      code: "bad-share",
      message: `${quoted(word)} is no namespace`,
      hint: `${SHARED_KINDS.join(", ")} or none`,
    };
    return { problem: suggesting(problem, closest(word, SHARED_KINDS)) };
  }
  if (words.includes("none")) return valid([]);
  return valid(SHARED_KINDS.filter((kind) => words.includes(kind) || (adds && SHARED_BY_DEFAULT.includes(kind))));
}

function isSharedKind(word: string): boolean {
  return SHARED_KINDS.some((kind) => kind === word);
}
