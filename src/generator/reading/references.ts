import { type Problem, quoted } from "../../options/values/check.ts";
import { joinMount, mountSource, splitMount } from "../../options/values/mount/mount.ts";
import { isNetworkName } from "../../options/values/network.ts";
import { splitVolume } from "../../options/values/volume.ts";
import { listEntries } from "../../unit/lookup.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { isInstance, isTemplate } from "../../unit/unit-name.ts";
import { fileTypeOf } from "./file-type.ts";
import type { ValueReading } from "./key-reader.ts";
import { nearName } from "./near-names.ts";
import type { Report, Value } from "./report.ts";
import type { ResourceIndex } from "./resource-index.ts";
import { imageNameForOthers, nameForOthers } from "./resource-name.ts";
import type { ParsedSource } from "./source.ts";
import { notFound, referredName, type UnitIndex } from "./unit-index.ts";

/** One file that another names. */
export interface Reference {
  readonly target: ParsedSource;
  /** Where it is named. */
  readonly value: Value;
  /** `uses`: the target's object is part of this unit's command line. `unit`: only systemd depends on it. */
  readonly kind: "uses" | "unit";
  /** The order: this unit starts after the target, or before it. */
  readonly order?: "after" | "before";
  /** Whether this unit requires the target. */
  readonly required: boolean;
}

/** The files that a word may refer to, and the message for a missing one. */
interface Wanted {
  readonly extensions: readonly string[];
  readonly missing: (name: string) => string;
}

const IMAGE: Wanted = {
  extensions: ["image", "build"],
  missing: (name) => `requested Quadlet image ${name} was not found`,
};
const SOURCE: Wanted = {
  extensions: ["volume", "artifact", "image"],
  missing: (name) => `requested Quadlet source ${name} was not found`,
};
const NETWORK: Wanted = {
  extensions: ["network", "container"],
  missing: (name) => `requested Quadlet unit ${name} was not found`,
};
const POD: Wanted = { extensions: ["pod"], missing: (name) => `quadlet pod unit ${name} does not exist` };

/**
 * The references of one file to others, by their exact names: each reading replaces the other file's name by that of
 * the object it makes, and makes the other's service a requirement.
 */
export class References {
  /** All that were found, in the order of reading. */
  readonly found: Reference[] = [];
  readonly #parsed: ParsedSource;
  readonly #units: UnitIndex;
  readonly #resources: ResourceIndex;
  readonly #report: Report;
  readonly #lines = new Map<string, readonly Directive[]>();

  constructor(parsed: ParsedSource, units: UnitIndex, resources: ResourceIndex, report: Report) {
    this.#parsed = parsed;
    this.#units = units;
    this.#resources = resources;
    this.#report = report;
  }

  /** The lines of `[Unit]` for the references that were read. */
  get lines(): readonly Directive[] {
    return [...this.#lines.values()].flat();
  }

  /** `Image=`. */
  readonly image = (value: Value): ValueReading => this.#read(value, value.text, IMAGE, imageName);

  /** `Volume=`: the part before the first colon. */
  readonly volume = (value: Value): ValueReading => {
    const source = splitVolume(value.text).source ?? "";
    this.#warnOfPlainName(value, source, "volume");
    return this.#read(value, source, SOURCE, (target) => {
      if (target.type.extension === "volume") return nameForOthers(target) + value.text.slice(source.length);
      const hint = `write Mount=type=image,source=${source},destination=…`;
      return { code: "bad-volume-source", message: `${source} makes an image, which is no volume`, hint };
    });
  };

  /** `Mount=`: its source. */
  readonly mount = (value: Value): ValueReading => {
    const parts = splitMount(value.text);
    const source = mountSource(parts);
    if (source === undefined) return undefined;
    return this.#read(value, source.source, SOURCE, (target) => {
      const { extension } = target.type;
      if (parts.type !== extension) {
        const message = `${source.source} makes ${extension === "image" ? "an" : "a"} ${extension}, which is no ${parts.type}`;
        return { code: "bad-mount", message, hint: `write type=${extension}` };
      }
      const name = extension === "image" ? imageName(target) : nameForOthers(target);
      if (typeof name !== "string") return name;
      const fields = parts.fields.map(({ text }) => text);
      fields[source.index] = `source=${name}`;
      return joinMount(fields);
    });
  };

  /** `Network=`: the part before the first colon. */
  readonly network = (value: Value): ValueReading => {
    const name = value.text.split(":", 1)[0] ?? "";
    const options = value.text.slice(name.length);
    this.#warnOfPlainName(value, name, "network");
    return this.#read(value, name, NETWORK, (target) => {
      if (target.type.extension === "network") return nameForOthers(target) + options;
      if (options === "") return `container:${nameForOthers(target)}`;
      const message = "extra options are not supported when joining another container's network";
      return { code: "bad-network", message, at: name.length };
    });
  };

  /** `Pod=`: a `.pod` file. Its requirement is among the {@link lines} too. */
  readonly pod = (value: Value): ValueReading => {
    if (fileTypeOf(value.text)?.extension !== "pod") {
      const message = `pod ${value.text} is not Quadlet based`;
      return { code: "bad-pod", message, hint: "name a .pod file" };
    }
    return this.#read(value, value.text, POD, nameForOthers, "BindsTo");
  };

  /** A word of one of `[Unit]`'s keys that names a file. */
  unit(value: Value, how: Pick<Reference, "order" | "required">): ParsedSource | Problem {
    const target = this.#file(value.text);
    if (target === undefined) {
      const message = `unable to translate dependency for ${value.text}: there is no such file`;
      return notFound(message, value.text, this.#units);
    }
    const problem = this.#templateProblem(target);
    if (problem !== undefined) return problem;
    this.found.push({ target, value, kind: "unit", ...how });
    return target;
  }

  #file(name: string): ParsedSource | undefined {
    return this.#units.get(referredName(name, this.#parsed.serviceName, this.#units));
  }

  #read(
    value: Value,
    name: string,
    wanted: Wanted,
    replace: (target: ParsedSource) => string | Problem,
    dependency = "Requires",
  ): ValueReading {
    const type = fileTypeOf(name);
    if (type === undefined || !wanted.extensions.includes(type.extension)) return undefined;
    const target = this.#file(name);
    if (target === undefined) return notFound(wanted.missing(name), name, this.#units);
    if (type.status !== "supported") {
      return { code: "not-supported-yet", message: `${name}: .${type.extension} files are not supported yet` };
    }
    const problem = this.#templateProblem(target);
    if (problem !== undefined) return problem;
    const text = replace(target);
    if (typeof text !== "string") return text;
    this.found.push({ target, value, kind: "uses", order: "after", required: true });
    const { serviceName } = target;
    this.#lines.set(`${dependency} ${serviceName}`, [
      [dependency, serviceName],
      ["After", serviceName],
    ]);
    return { ...value, text, target };
  }

  /**
   * Warns of a network or a volume by its own name, where a file of that or a similar name exists, or a file that makes
   * it and is not waited for.
   */
  #warnOfPlainName(value: Value, name: string, extension: "network" | "volume"): void {
    if (/^[./%$]|^$/.test(name) || (extension === "network" && !isNetworkName(name))) return;
    const maker = this.#resources.maker(name, extension);
    const namesake = maker === undefined ? this.#units.get(`${name}.${extension}`) : undefined;
    if (maker !== undefined && !this.#waitsFor(maker)) {
      const message = `${quoted(name)} is made by ${maker.source.name}, which is not waited for`;
      const problem = { code: "plain-name", message, hint: `write ${maker.source.name}` };
      this.#report.value(value, problem, "warning");
    } else if (namesake !== undefined) {
      const file = namesake.source.name;
      const message = `${file} makes ${quoted(nameForOthers(namesake))}, and not ${quoted(name)}`;
      this.#report.value(value, { code: "plain-name", message, hint: `did you mean ${file}?` }, "warning");
    } else if (maker === undefined) {
      const problem = nearName(name, extension, this.#units);
      if (problem !== undefined) this.#report.value(value, problem, "warning");
    }
  }

  /** Whether the file itself orders itself after the other. */
  #waitsFor({ source, serviceName }: ParsedSource): boolean {
    const entries = listEntries(this.#parsed.sections.get("Unit"), "After");
    return entries.some(({ value }) => value.includes(source.name) || value.includes(serviceName));
  }

  /** systemd gives a template the instance of the unit that names it; other units have none to give. */
  #templateProblem(target: ParsedSource): Problem | undefined {
    const own = this.#parsed.serviceName;
    if (!isTemplate(target.serviceName) || isTemplate(own) || isInstance(own)) return undefined;
    const { name } = target.source;
    const message = `${name} is a template, and ${this.#parsed.source.name} is not: no instance of it is meant`;
    return { code: "template-reference", message, hint: "make this file a template too" };
  }
}

/** The name of an `.image` file's image in the store. */
function imageName(target: ParsedSource): string | Problem {
  const name = imageNameForOthers(target);
  return name ?? { code: "no-image-tag", message: `${target.source.name} has no ImageTag= that names its image` };
}
