import { posix } from "node:path";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

/**
 * A path of the host as Quadlet reads it: one that starts with `/` or a specifier stays, any other is relative to the
 * folder of the file.
 */
export function absolutePath(path: string, directory: string): string {
  return path.startsWith("/") || /^%[^%]/.test(path) ? path : posix.join(directory, path).replace(/(?<=.)\/$/, "");
}

/** A path inside the container in its one normal form: absolute, without a slash at the end and without "..". */
export function cleanPath(path: string): string {
  // Most paths are in it already, and this runs for each of them at every boot.
  if (path.startsWith("/") && !/\/(?:[./]|$)/.test(path)) return path;
  return posix.join("/", path).replace(/(?<=.)\/$/, "");
}

/** A path inside the container, as it was written: absolute, or begun with something that systemd fills in. */
export function parseContainerPath(text: string): Parsed<string> {
  const absolute = text.startsWith("/");
  if (!absolute && !/^(?:%[^%]|\$)/.test(text))
    return invalid("relative-path", `${quoted(text)} is not an absolute path inside the container`);
  if (text.split("/").includes("..")) return invalid("bad-path", `${quoted(text)} contains ..`);
  return absolute ? valid(text) : DEFERRED;
}

/** `Timezone=`: the name of a zone, or `local`. Whether this machine has the zone is known only at start. */
export function parseTimezone(text: string): Parsed<string> {
  if (/^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/.test(text)) return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const hint = "such as Europe/Prague";
  return invalid("bad-timezone", `${quoted(text)} is not the name of a time zone`, { hint });
}
