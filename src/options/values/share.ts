import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, suggesting } from "./check.ts";

/** Kinds of namespaces that the containers of a pod can share. */
export const SHARED_KINDS = ["ipc", "net", "pid", "uts"] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

/** podman's, and Kubernetes'. */
const BY_DEFAULT: readonly SharedKind[] = ["ipc", "net", "uts"];

/**
 * podman's words that ask for no namespace: it passes over "user", as all containers of a pod are in one in any case.
 */
const WITHOUT_EFFECT: readonly string[] = ["", "user"];

/** What podman has, and berth has not. */
const REFUSED: Readonly<Record<string, string>> = {
  cgroup: "each container is in the cgroup of its own service; Slice= of the pod puts them all below one",
  mnt: "each container has its own files; Volume= of the pod is for all of them",
};

/** `--share` of `berth pod create`. */
export function checkShare(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  const words = splitShare(value).words.filter((word) => word !== "none" && !WITHOUT_EFFECT.includes(word));
  for (const word of words) {
    const reason = Object.hasOwn(REFUSED, word) ? REFUSED[word] : undefined;
    if (reason !== undefined) return { code: "bad-share", message: `${quoted(word)} cannot be shared`, hint: reason };
    if ((SHARED_KINDS as readonly string[]).includes(word)) continue;
    const problem = {
      code: "bad-share",
      message: `${quoted(word)} is no namespace`,
      hint: `${SHARED_KINDS.join(", ")} or none`,
    };
    return suggesting(problem, closest(word, SHARED_KINDS));
  }
  return undefined;
}

/**
 * The kinds that a checked value asks for, podman-pod-create(1): a list in place of the default one, or behind a plus
 * more than that; "none" is nothing at all, whatever stands beside it.
 */
export function parseShare(value: string | undefined): SharedKind[] {
  if (value === undefined) return [...BY_DEFAULT];
  const { adds, words } = splitShare(value);
  if (words.includes("none")) return [];
  return SHARED_KINDS.filter((kind) => words.includes(kind) || (adds && BY_DEFAULT.includes(kind)));
}

function splitShare(value: string): { readonly adds: boolean; readonly words: readonly string[] } {
  const adds = value.startsWith("+");
  return { adds, words: value.slice(adds ? 1 : 0).split(",") };
}
