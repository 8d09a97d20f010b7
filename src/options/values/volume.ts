import { closest } from "../../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, suggesting } from "./check.ts";
import { checkMountIdMap } from "./id-map.ts";
import { checkContainerPath } from "./path.ts";

/** What may follow the destination of a `Volume=`, podman-run(1). Of the words in one row only one can be meant. */
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

/** Of an overlay over the source (option O): the folders that keep its changes. */
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

/** `Volume=`. References to other units are looked at where the units are known. */
export function checkVolume(value: string): Problem | undefined {
  if (/^\$\{?\w+\}?$/.test(value)) return undefined;
  const { source, destination, destinationAt, options, optionsAt } = splitVolume(value);
  return (
    (source === undefined ? undefined : checkSource(source)) ??
    shifted(checkContainerPath(destination), destinationAt) ??
    (options === undefined ? undefined : shifted(checkVolumeOptions(options), optionsAt))
  );
}

/** Options of a bind mount or volume, separated by commas. */
function checkVolumeOptions(options: string): Problem | undefined {
  const words = options.split(",");
  let at = 0;
  for (const [index, option] of words.entries()) {
    const problem = checkVolumeOption(option) ?? checkBeside(option, words.slice(0, index));
    if (problem !== undefined) return shifted(problem, at);
    at += option.length + 1;
  }
  return checkOverlay(words);
}

/** One option of a bind mount or volume. */
export function checkVolumeOption(option: string): Problem | undefined {
  if (isDeferred(option) || OPTIONS.some((row) => row.includes(option))) return undefined;
  const { head, tail } = splitAt(option, "=");
  if (head === "idmap") return checkMountIdMap(tail);
  if (OVERLAY_FOLDERS.includes(head)) {
    if (tail?.startsWith("/")) return undefined;
    return { code: "bad-volume-option", message: `${head}= needs the absolute path of a folder` };
  }
  return suggesting(
    { code: "bad-volume-option", message: `${quoted(option)} is not an option of a volume` },
    closest(option, [...OPTIONS.flat(), "idmap"]),
  );
}

/** Whether an option says something else than one before it. */
export function checkBeside(option: string, before: readonly string[]): Problem | undefined {
  const row = OPTIONS.find((words) => words.includes(option));
  const other = row === undefined ? undefined : before.find((word) => row.includes(word));
  if (other === undefined || other === option) return undefined;
  return { code: "contradiction", message: `${quoted(option)} contradicts ${quoted(other)}` };
}

function checkOverlay(words: readonly string[]): Problem | undefined {
  const given = OVERLAY_FOLDERS.filter((name) => words.some((word) => word.startsWith(`${name}=`)));
  if (given.length === 0) return undefined;
  if (!words.includes("O") && !words.some(isDeferred))
    return { code: "bad-volume-option", message: `${given[0]}= is for option O` };
  if (given.length === OVERLAY_FOLDERS.length) return undefined;
  return { code: "bad-volume-option", message: "upperdir= and workdir= go together" };
}

/** A path, a path relative to the file's folder (from a dot), a specifier, or the name of a volume. */
function checkSource(source: string): Problem | undefined {
  if (/^[/.]/.test(source) || isDeferred(source)) return undefined;
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(source)) return undefined;
  const message = `${quoted(source)} is neither a path nor the name of a volume`;
  if (source.startsWith("~/")) return { code: "bad-volume-source", message, hint: `write %h${source.slice(1)}` };
  return {
    code: "bad-volume-source",
    message,
    hint: source.includes("/") ? "begin a relative path with ./" : "a path begins with / or ./",
  };
}

/** `Driver=` of a volume. */
export function checkVolumeDriver(value: string): Problem | undefined {
  if (value === "" || ["local", "image"].includes(value) || isDeferred(value)) return undefined;
  const message = `volume driver ${quoted(value)} is not supported`;
  return { code: "bad-volume-driver", message, hint: "local, with Type=, Device= and Options=, or image" };
}
