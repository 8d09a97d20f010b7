import { DEFERRED, invalid, isDeferred, type Parsed, splitAt, valid } from "./check.ts";

/** One `--security-opt`. */
export type SecurityOption = { readonly noNewPrivileges: boolean } | { readonly seccomp: string };

/**
 * `--security-opt`: `no-new-privileges[=true|false]`, `seccomp=/FILE` or `seccomp=unconfined`; a colon may be the `=`.
 */
export function parseSecurityOption(text: string): Parsed<SecurityOption> {
  const { head, tail } = splitAt(text.replace(":", "="), "=");
  if (head === "no-new-privileges") return valid({ noNewPrivileges: tail === undefined || tail === "true" });
  if (head === "seccomp" && (tail === "unconfined" || tail?.startsWith("/"))) return valid({ seccomp: tail });
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-flag", "not supported yet: no-new-privileges and seccomp=/FILE|unconfined are");
}
