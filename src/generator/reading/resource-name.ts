import { hasTransport } from "../../options/values/image-name.ts";
import { lastEntry } from "../../unit/lookup.ts";
import { escapeSpecifiers } from "../../unit/quoting.ts";
import { scanSpecifiers } from "../../unit/specifier.ts";
import { isTemplate, splitName } from "../../unit/unit-name.ts";
import { unquoteString } from "../../unit/words.ts";
import type { FileType } from "./file-type.ts";
import type { ParsedSource } from "./source.ts";

const NAME_KEYS: Readonly<Record<string, string>> = {
  container: "ContainerName",
  network: "NetworkName",
  pod: "PodName",
  volume: "VolumeName",
};

/** The key for the name of a type's object; undefined where the object has no name. */
export function nameKeyOf({ extension }: FileType): string | undefined {
  return NAME_KEYS[extension];
}

/**
 * The name of a file's container, network, pod or volume on the command line of its own service, with the specifiers of
 * that service: `systemd-NAME` as with Quadlet; for a template `systemd-NAME-%i`, and for a container's
 * `systemd-%p_%i`.
 */
export function ownName(parsed: ParsedSource): string {
  const entry = lastEntry(parsed.sections.get(parsed.type.section), nameKeyOf(parsed.type) ?? "");
  const given = entry === undefined ? "" : unquoteString(entry.value);
  return given === "" ? defaultName(parsed) : given;
}

/** {@link ownName} for the command line of another service, where the same specifiers mean something else. */
export function nameForOthers(parsed: ParsedSource): string {
  const name = ownName(parsed);
  return name.includes("%") ? settleSpecifiers(name, parsed.serviceName) : name;
}

function defaultName({ source, type, serviceName }: ParsedSource): string {
  const { prefix, instance } = splitName(source.name);
  if (type.extension === "container") return instance === undefined ? "systemd-%N" : "systemd-%p_%i";
  if (instance === undefined) return `systemd-${prefix}`;
  // The service of an instance's file has an instance of its own: `x@one.volume` makes x@one-volume.service.
  return `systemd-${prefix}-${instance === "" && isTemplate(serviceName) ? "%i" : escapeSpecifiers(instance)}`;
}

/** The name by which others refer to an `.image` file's image; undefined without one. */
export function imageNameForOthers(parsed: ParsedSource): string | undefined {
  const section = parsed.sections.get(parsed.type.section);
  const written = (key: string): string => unquoteString(lastEntry(section, key)?.value ?? "");
  const name = written("ImageTag") || written("Image").replace(/^docker:\/\//, "");
  // An archive or a folder has a place, not a name. A file without an image has its own errors.
  if (written("ImageTag") === "" && hasTransport(name)) return undefined;
  return name === "" ? parsed.source.name : settleSpecifiers(name, parsed.serviceName);
}

/**
 * Replaces the specifiers that depend on the service's name. A template's instance stays a specifier: every unit that
 * refers to a template has the same instance.
 */
export function settleSpecifiers(text: string, service: string): string {
  const { prefix, instance } = splitName(service);
  const shown = instance === "" ? "%i" : instance;
  const stem = shown === undefined ? prefix : `${prefix}@${shown}`;
  const table: Readonly<Record<string, string>> = {
    n: `${stem}.service`,
    N: stem,
    p: prefix,
    j: prefix.slice(prefix.lastIndexOf("-") + 1),
    ...(instance === "" ? {} : { i: instance ?? "" }),
  };
  let settled = "";
  let from = 0;
  for (const { kind, name, offset, length } of scanSpecifiers(text)) {
    if (kind !== "specifier" || table[name] === undefined) continue;
    settled += text.slice(from, offset) + table[name];
    from = offset + length;
  }
  return settled + text.slice(from);
}
