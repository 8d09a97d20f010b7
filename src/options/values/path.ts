import { posix } from "node:path";
import { isDeferred, type Problem, quoted } from "./check.ts";

/**
 * A path of the host as Quadlet reads it: what starts with `/` or a specifier stays, the rest is relative to the
 * folder of the file.
 */
export function absolutePath(path: string, directory: string): string {
  return path.startsWith("/") || /^%[^%]/.test(path) ? path : posix.join(directory, path).replace(/(?<=.)\/$/, "");
}

/** A path inside the container: absolute, or begun with something that systemd fills in. */
export function checkContainerPath(value: string): Problem | undefined {
  if (value.startsWith("/") || /^(?:%[^%]|\$)/.test(value)) {
    if (!value.split("/").includes("..")) return undefined;
    return { code: "bad-path", message: `${quoted(value)} contains ..` };
  }
  return { code: "relative-path", message: `${quoted(value)} is not an absolute path inside the container` };
}

/** `Timezone=`: the name of a zone, or `local`. Whether this machine has the zone is known only at start. */
export function checkTimezone(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (/^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/.test(value)) return undefined;
  return {
    code: "bad-timezone",
    message: `${quoted(value)} is not the name of a time zone`,
    hint: "such as Europe/Prague",
  };
}
