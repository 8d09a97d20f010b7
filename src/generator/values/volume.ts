import { closest } from "../suggest.ts";
import { isDeferred, type Problem, quoted, shifted, suggesting } from "./check.ts";
import { checkContainerPath } from "./path.ts";

/** What may follow the destination of a `Volume=`, podman-run(1). */
const OPTIONS: readonly string[] = [
  "rw",
  "ro",
  "z",
  "Z",
  "U",
  "copy",
  "nocopy",
  "dev",
  "nodev",
  "exec",
  "noexec",
  "suid",
  "nosuid",
  "bind",
  "rbind",
  "shared",
  "rshared",
  "slave",
  "rslave",
  "private",
  "rprivate",
  "unbindable",
  "runbindable",
];

/** Known to Podman, and refused until berth does it. */
const LATER: readonly string[] = ["O", "upperdir", "workdir", "idmap", "nocreate"];

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
  let at = 0;
  for (const option of options.split(",")) {
    const problem = checkVolumeOption(option);
    if (problem !== undefined) return shifted(problem, at);
    at += option.length + 1;
  }
  return undefined;
}

/** One option of a bind mount or volume. */
export function checkVolumeOption(option: string): Problem | undefined {
  if (isDeferred(option) || OPTIONS.includes(option)) return undefined;
  const name = option.split("=", 1)[0] ?? "";
  if (LATER.includes(name)) {
    return { code: "not-supported-yet", message: `option ${quoted(name)} is not supported yet` };
  }
  return suggesting(
    { code: "bad-volume-option", message: `${quoted(option)} is not an option of a volume` },
    closest(option, OPTIONS),
  );
}

/** A path, a path relative to the file's folder (from a dot), a specifier, or the name of a volume. */
function checkSource(source: string): Problem | undefined {
  if (/^[/.]/.test(source) || isDeferred(source)) return undefined;
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(source)) return undefined;
  const message = `${quoted(source)} is neither a path nor the name of a volume`;
  return {
    code: "bad-volume-source",
    message,
    hint: source.includes("/") ? "begin a relative path with ./" : "a path begins with / or ./",
  };
}
