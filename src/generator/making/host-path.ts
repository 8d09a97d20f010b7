import { posix } from "node:path";
import { absolutePath } from "../../options/values/path.ts";
import { splitVolume } from "../../options/values/volume.ts";
import { escapeSpecifiers, quotePath } from "../../unit/quoting.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import type { ParsedSource } from "../reading/source.ts";

/** The paths of the host that one unit uses. */
export class HostPaths {
  readonly #parsed: ParsedSource;
  readonly #mounts: Directive[] = [];

  constructor(parsed: ParsedSource) {
    this.#parsed = parsed;
  }

  /** Lines that require the mounts below the paths. */
  get mountsNeeded(): readonly Directive[] {
    return this.#mounts;
  }

  /**
   * The source of a mount: relative to the file's folder if it begins with a dot. The unit waits for the mounts below
   * it.
   */
  source(source: string): string {
    const path = source.startsWith(".") ? absolutePath(source, this.#directory()) : source;
    // RequiresMountsFor= does not expand `$`, so it cannot name a path with a variable.
    const needed = path.startsWith("/") && !path.includes("$") ? quotePath(path, { expand: "expanded" }) : undefined;
    if (needed !== undefined) this.#mounts.push(["RequiresMountsFor", needed]);
    return path;
  }

  /** A `Volume=` with such a source. An anonymous volume is its destination alone. */
  volume(text: string): string {
    const { source, destination, options } = splitVolume(text);
    if (source === undefined) return destination;
    return [this.source(source), destination, ...(options === undefined ? [] : [options])].join(":");
  }

  /** A file, relative to the folder of this one unless it is absolute. */
  file(path: string): string {
    return absolutePath(path, this.#directory());
  }

  /** The file's folder, for words in which systemd replaces specifiers and variables. */
  #directory(): string {
    return escapeSpecifiers(posix.dirname(this.#parsed.source.path)).replaceAll("$", "$$$$");
  }
}
