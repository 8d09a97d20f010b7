import { DEFERRED, invalid, isDeferred, type Parsed, splitAt, valid } from "./check.ts";

/** One `--security-opt`. */
export type SecurityOption =
  | { readonly noNewPrivileges: boolean }
  | { readonly seccomp: string }
  /** What is so anyway. */
  | Readonly<Record<string, never>>;

/** Asked of podman to turn off what berth does not do. */
const IN_EFFECT: readonly string[] = ["label=disable", "apparmor=unconfined"];

/**
 * `--security-opt`: `no-new-privileges[=true|false]`, `seccomp=/FILE` or `seccomp=unconfined`, and `label=disable` and
 * `apparmor=unconfined`, which are so anyway; a colon may be the `=`.
 */
export function parseSecurityOption(text: string): Parsed<SecurityOption> {
  const assignment = text.replace(":", "=");
  const { head, tail } = splitAt(assignment, "=");
  if (IN_EFFECT.includes(assignment)) return valid({});
  if (head === "no-new-privileges") return valid({ noNewPrivileges: tail === undefined || tail === "true" });
  if (head === "seccomp" && (tail === "unconfined" || tail?.startsWith("/"))) return valid({ seccomp: tail });
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-flag", "not supported yet: no-new-privileges and seccomp=/FILE|unconfined are");
}
