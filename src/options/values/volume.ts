import { closest } from "../../suggest.ts";
import {
  DEFERRED,
  invalid,
  isDeferred,
  type Parsed,
  type Problem,
  quoted,
  shifted,
  splitAt,
  splitList,
  suggesting,
  valid,
} from "./check.ts";
import { parseIdMapOption } from "./mount/id-map-option.ts";
import { kernelPlaceProblem } from "./mount/kernel-place.ts";
import { cleanPath, parseContainerPath } from "./path.ts";

/** Options of a `Volume=`, podman-run(1). The words of one row exclude each other. */
const OPTIONS: readonly (readonly string[])[] = [
  ["rw", "ro"],
  ["z", "Z", "O"],
  ["U"],
  ["copy", "nocopy"],
  ["dev", "nodev"],
  ["exec", "noexec"],
  ["suid", "nosuid"],
  ["bind", "rbind"],
  ["shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"],
  ["nocreate"],
  ["cached", "delegated", "consistent"],
];

/** The folders that keep the changes of an overlay over the source (option O). */
const OVERLAY_FOLDERS: readonly string[] = ["upperdir", "workdir"];

/** A `Volume=` in its parts; `source` is absent for an anonymous volume. */
export interface VolumeParts {
  readonly source?: string;
  readonly destination: string;
  readonly destinationAt: number;
  readonly options?: string;
  readonly optionsAt: number;
}

/** Splits `[SOURCE:]DESTINATION[:OPTIONS]`; an empty source is none. */
export function splitVolume(value: string): VolumeParts {
  const first = value.indexOf(":");
  if (first < 0) return { destination: value, destinationAt: 0, optionsAt: value.length };
  const second = value.indexOf(":", first + 1);
  const destination = value.slice(first + 1, second < 0 ? undefined : second);
  const parts: VolumeParts = {
    destination,
    destinationAt: first + 1,
    optionsAt: second < 0 ? value.length : second + 1,
  };
  return {
    ...parts,
    ...(first === 0 ? {} : { source: value.slice(0, first) }),
    ...(second < 0 ? {} : { options: value.slice(second + 1) }),
  };
}

/** A `Volume=`; `source` is absent for an anonymous volume. */
export interface VolumeValue {
  readonly source?: HostSource;
  readonly target: string;
  readonly options: readonly string[];
}

/** Where a mount's files come from: a path of the host (relative from a dot), or a volume by name. */
export type HostSource = { readonly path: string } | { readonly volume: string };

/** `Volume=`. References to other units are looked at where the units are known. */
export function parseVolume(text: string): Parsed<VolumeValue> {
  if (/^\$\{?\w+\}?$/.test(text)) return DEFERRED;
  const parts = splitVolume(text);
  const source = parts.source === undefined ? valid(undefined) : parseSource(parts.source);
  if ("problem" in source) return source;
  const target = shifted(parseContainerPath(parts.destination), parts.destinationAt);
  if ("problem" in target) return target;
  const options = parts.options === undefined ? valid([]) : shifted(parseOptions(parts.options), parts.optionsAt);
  if ("problem" in options) return options;
  if (!("value" in source && "value" in target && "value" in options)) return DEFERRED;
  const value: VolumeValue = {
    ...(source.value === undefined ? {} : { source: source.value }),
    target: cleanPath(target.value),
    options: options.value,
  };
  const problem = placeProblem(value);
  return problem === undefined ? valid(value) : shifted({ problem }, parts.destinationAt);
}

function placeProblem({ source, target }: VolumeValue): Problem | undefined {
  const hostPath = source !== undefined && "path" in source ? source.path : undefined;
  return kernelPlaceProblem("volume", target, hostPath);
}

/** Options of a bind mount or volume, separated by commas. */
function parseOptions(text: string): Parsed<string[]> {
  const options = splitList(text);
  const words = options.map(({ text: option }) => option);
  const given: GivenOptions = new Map();
  let deferred = false;
  for (const { text: option, at } of options) {
    const parsed = parseVolumeOption(option);
    if ("problem" in parsed) return shifted(parsed, at);
    const problem = contradiction(option, given);
    if (problem !== undefined) return shifted({ problem }, at);
    deferred ||= !("value" in parsed);
  }
  const problem = overlayProblem(words);
  if (problem !== undefined) return { problem };
  return deferred ? DEFERRED : valid(words);
}

/** One option of a bind mount or volume, as it was written. */
export function parseVolumeOption(option: string): Parsed<string> {
  if (OPTIONS.some((row) => row.includes(option))) return valid(option);
  if (isDeferred(option)) return DEFERRED;
  const { head, tail } = splitAt(option, "=");
  if (head === "idmap") {
    const map = parseIdMapOption(tail);
    return "value" in map ? valid(option) : map;
  }
  if (OVERLAY_FOLDERS.includes(head)) {
    if (tail?.startsWith("/")) return valid(option);
    return invalid("bad-volume-option", `${head}= needs the absolute path of a folder`);
  }
  const problem = { code: "bad-volume-option", message: `${quoted(option)} is not an option of a volume` };
  return { problem: suggesting(problem, closest(option, [...OPTIONS.flat(), "idmap"])) };
}

/** The options given so far, by the row of those that exclude each other. */
export type GivenOptions = Map<readonly string[], string>;

/** The problem of an option that contradicts an earlier one. Adds the option to those given. */
export function contradiction(option: string, given: GivenOptions): Problem | undefined {
  const row = OPTIONS.find((words) => words.includes(option));
  if (row === undefined) return undefined;
  const other = given.get(row) ?? option;
  given.set(row, other);
  if (other === option) return undefined;
  return { code: "contradiction", message: `${quoted(option)} contradicts ${quoted(other)}` };
}

function overlayProblem(words: readonly string[]): Problem | undefined {
  const given = OVERLAY_FOLDERS.filter((name) => words.some((word) => word.startsWith(`${name}=`)));
  if (given.length === 0) return undefined;
  if (!words.includes("O") && !words.some(isDeferred))
    return { code: "bad-volume-option", message: `${given[0]}= is for option O` };
  if (given.length === OVERLAY_FOLDERS.length) return undefined;
  return { code: "bad-volume-option", message: "upperdir= and workdir= go together" };
}

/** A path, a path relative to the file's folder (from a dot), a specifier, or the name of a volume. */
function parseSource(source: string): Parsed<HostSource> {
  if (/^[/.]/.test(source)) return valid({ path: source });
  if (isDeferred(source)) return DEFERRED;
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(source)) return valid({ volume: source });
  const message = `${quoted(source)} is neither a path nor the name of a volume`;
  const hint = source.startsWith("~/")
    ? `write %h${source.slice(1)}`
    : source.includes("/")
      ? "begin a relative path with ./"
      : "a path begins with / or ./";
  return invalid("bad-volume-source", message, { hint });
}

/** Drivers of volumes: a folder or a mount of berth's own, or a copy of an image's files. */
export const VOLUME_DRIVERS = ["local", "image"] as const;
export type VolumeDriver = (typeof VOLUME_DRIVERS)[number];

/** `Driver=` of a volume; an empty one is `local`. */
export function parseVolumeDriver(text: string): Parsed<VolumeDriver> {
  if (text === "" || text === "local") return valid("local");
  if (text === "image") return valid(text);
  if (isDeferred(text)) return DEFERRED;
  const hint = "local, with Type=, Device= and Options=, or image";
  return invalid("bad-volume-driver", `volume driver ${quoted(text)} is not supported`, { hint });
}
