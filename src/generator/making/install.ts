import { posix } from "node:path";
import { quoted } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import type { SectionEntries } from "../../unit/lookup.ts";
import { expandSpecifiers } from "../../unit/specifier.ts";
import { isInstance, isTemplate, joinName, splitName } from "../../unit/unit-name.ts";
import { INSTALL_KEYS } from "../keys/install.ts";
import { KeyReader } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";
import type { GeneratedLink } from "./context.ts";

/** The units of one source that the links are for. */
export interface InstallUnits {
  readonly service: string;
  /** The socket, if the source makes one: `WantedBy=sockets.target` and aliases of sockets are for it. */
  readonly socket?: string;
  /**
   * The target in place of sockets.target for a source without a socket: a service comes after sockets.target by
   * default, so that one wanting it would be a cycle.
   */
  readonly insteadOfSockets?: string;
}

const DEPENDENCY_DIRECTORIES = { WantedBy: "wants", RequiredBy: "requires", UpheldBy: "upholds" } as const;
const SOCKETS_TARGET = "sockets.target";

/** The links that `systemctl enable` would make of an `[Install]` section. Impossible links are a warning. */
export function installLinks(
  section: SectionEntries | undefined,
  units: InstallUnits,
  report: Report,
): GeneratedLink[] {
  if (section === undefined) return [];
  const keys = new KeyReader("Install", section, INSTALL_KEYS, report);
  warnOfNearMisses(section, report);
  const links = keys.list("Alias").flatMap((alias) => aliasLink(alias, units, report));
  const defaultInstance = keys.string("DefaultInstance")?.text;
  for (const [key, directory] of Object.entries(DEPENDENCY_DIRECTORIES)) {
    for (const value of keys.list(key)) links.push(...dependencyLink(value, directory, units, defaultInstance, report));
  }
  if (links.length < 2) return links;
  return [...new Map(links.map((link) => [link.path, link])).values()];
}

function aliasLink(alias: Value, units: InstallUnits, report: Report): GeneratedLink[] {
  const unit = units.socket !== undefined && alias.text.endsWith(".socket") ? units.socket : units.service;
  const instance = splitName(unit).instance;
  const name = expandName(alias.text, unit);
  // A template's alias is for all instances: an instance's alias has the same instance.
  const path = posix.normalize(instance && isTemplate(name) ? joinName({ ...splitName(name), instance }) : name);
  if (path.startsWith("/") || path.startsWith("..") || splitName(path).suffix !== splitName(unit).suffix) {
    const message = `${quoted(alias.text)} cannot be another name of ${unit}`;
    report.value(alias, { code: "bad-alias", message }, "warning");
    return [];
  }
  return path === unit ? [] : [{ path, target: posix.relative(posix.dirname(path), unit) }];
}

function dependencyLink(
  value: Value,
  directory: string,
  units: InstallUnits,
  defaultInstance: string | undefined,
  report: Report,
): GeneratedLink[] {
  const sockets = value.text === SOCKETS_TARGET;
  const target = sockets ? (units.insteadOfSockets ?? SOCKETS_TARGET) : value.text;
  const unit = sockets && units.socket !== undefined ? units.socket : units.service;
  const name = isTemplate(unit) ? instanceName(unit, defaultInstance) : unit;
  // Without DefaultInstance= a template's instances are enabled one by one.
  if (name === undefined) return [];
  const wanting = expandName(target, name);
  if (wanting.includes("/") || !wanting.includes(".")) {
    const message = `${quoted(value.text)} is not the name of a unit`;
    report.value(value, { code: "bad-unit-name", message, hint: "such as multi-user.target" }, "warning");
    return [];
  }
  return [{ path: `${wanting}.${directory}/${name}`, target: `../${unit}` }];
}

function instanceName(template: string, instance: string | undefined): string | undefined {
  return instance === undefined ? undefined : joinName({ ...splitName(template), instance });
}

/** The specifiers that depend on nothing but the unit's name, as `systemctl enable` expands them. */
function expandName(text: string, unit: string): string {
  if (!text.includes("%")) return text;
  const { prefix, instance, suffix } = splitName(unit);
  const stem = unit.slice(0, unit.length - suffix.length - 1);
  const last = prefix.slice(prefix.lastIndexOf("-") + 1);
  return expandSpecifiers(text, {
    n: unit,
    N: stem,
    p: prefix,
    j: last,
    ...(isInstance(unit) ? { i: instance ?? "" } : {}),
  }).text;
}

/** systemd ignores unknown keys of `[Install]` silently, and the unit would never start. */
function warnOfNearMisses(section: SectionEntries, report: Report): void {
  for (const [key, entries] of section) {
    const near = INSTALL_KEYS.has(key) ? undefined : closest(key, INSTALL_KEYS.keys());
    if (near === undefined) continue;
    const message = `unknown key ${quoted(key)} in [Install]`;
    for (const entry of entries)
      report.item(entry, { code: "unknown-key", message, hint: `did you mean "${near}"?` }, "warning");
  }
}
