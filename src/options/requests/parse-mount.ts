import { resolve } from "node:path";
import { cleanPath } from "../../runtime/container/mounts.ts";
import { splitAt } from "../values/check.ts";
import { splitMount } from "../values/mount.ts";
import { splitVolume } from "../values/volume.ts";
import type { MountRequest } from "./run-request.ts";

/** `--volume`, checked before. Relative paths are relative to `cwd`. */
export function parseVolume(value: string, cwd: string): MountRequest {
  const { source, destination, options } = splitVolume(value);
  const words = (options ?? "").split(",").filter((word) => word !== "");
  const target = cleanPath(destination);
  if (source === undefined) return { type: "anonymous", target, options: words };
  if (/^[/.]/.test(source)) return { type: "bind", source: resolve(cwd, source), target, options: words };
  return { type: "volume", name: source, target, options: words };
}

/** `--tmpfs`, checked before. */
export function parseTmpfs(value: string): MountRequest {
  const { head, tail } = splitAt(value, ":");
  return { type: "tmpfs", target: cleanPath(head), options: tail === undefined || tail === "" ? [] : tail.split(",") };
}

const isFalse = (value: string | undefined) => value === "false";

/** Names of `--mount` fields that say the same as a mount option; any other field is an option itself. */
const OPTION_FIELDS: Readonly<Record<string, (value: string | undefined) => string[]>> = {
  readonly: (value) => [isFalse(value) ? "rw" : "ro"],
  ro: (value) => [isFalse(value) ? "rw" : "ro"],
  rw: (value) => [isFalse(value) ? "ro" : "rw"],
  readwrite: (value) => [isFalse(value) ? "ro" : "rw"],
  "bind-propagation": (value) => [value ?? "rprivate"],
  "bind-nonrecursive": (value) => [isFalse(value) ? "rbind" : "bind"],
  relabel: () => [],
  consistency: () => [],
  chown: (value) => (isFalse(value) ? [] : ["U"]),
  U: (value) => (isFalse(value) ? [] : ["U"]),
  z: () => [],
  Z: () => [],
  newinstance: () => [],
  "tmpfs-size": (value) => [`size=${value}`],
  "tmpfs-mode": (value) => [`mode=${value}`],
};

/** `--mount`, checked before. Relative paths are relative to `cwd`. */
export function parseMount(value: string, cwd: string): MountRequest {
  const { type, fields } = splitMount(value);
  const options: string[] = [];
  const labels: Record<string, string> = {};
  let source = "";
  let target = "";
  let subpath: string | undefined;
  for (const { text } of fields) {
    const { head, tail = "" } = splitAt(text, "=");
    if (head === "type") continue;
    if (head === "source" || head === "src") source = tail;
    else if (head === "target" || head === "destination" || head === "dst") target = cleanPath(tail);
    else if (head === "subpath" || head === "volume-subpath") subpath = tail;
    else if (head === "volume-label") {
      const label = splitAt(tail, "=");
      labels[label.head] = label.tail ?? "";
    } else options.push(...(OPTION_FIELDS[head]?.(text === head ? undefined : tail) ?? [text]));
  }
  const below = subpath === undefined ? {} : { subpath };
  switch (type) {
    case "tmpfs":
    case "ramfs":
    case "devpts":
      return { type, target, options };
    case "glob":
      return { type, pattern: resolve(cwd, source), target, options };
    case "image":
      return { type, image: source, target, options, writable: options.includes("rw"), ...below };
    case "volume":
      if (source === "") return { type: "anonymous", target, options };
      // podman takes a path for a bind mount here, too.
      if (/^[/.]/.test(source)) return { type: "bind", source: resolve(cwd, source), target, options };
      return { type, name: source, target, options, labels, ...below };
    default:
      return { type: "bind", source: resolve(cwd, source), target, options };
  }
}
