import type { Option } from "commander";
import { CommandError } from "../program/command.ts";
import { repeatable } from "../program/repeatable-option.ts";

/** The kinds of `--filter KIND=VALUE`. */
export type FilterKinds<Thing> = Readonly<Record<string, (thing: Thing, value: string) => boolean>>;

/** Adds `--filter`, also as `-f` where that is not `--force`. */
export function filterOption(flags: "-f, --filter <filter>" | "--filter <filter>"): Option {
  return repeatable(flags, "only those");
}

/**
 * The items that pass all filters. Of filters of one kind one match is enough, except for labels. Throws CommandError
 * for an unknown filter.
 */
export function chooseBy<Thing>(
  things: readonly Thing[],
  filters: readonly string[],
  kinds: FilterKinds<Thing>,
): Thing[] {
  const wanted = new Map<string, string[]>();
  for (const text of filters) {
    const [, kind = "", value = ""] = /^([a-z]+!?)=(.*)$/s.exec(text) ?? [];
    if (!Object.hasOwn(kinds, kind))
      throw new CommandError(`--filter ${text}: none of ${Object.keys(kinds).join("=, ")}=`, 125);
    wanted.set(kind, [...(wanted.get(kind) ?? []), value]);
  }
  return things.filter((thing) =>
    [...wanted].every(([kind, values]) => {
      const matches = (value: string) => kinds[kind]?.(thing, value) === true;
      return kind.startsWith("label") ? values.every(matches) : values.some(matches);
    }),
  );
}

/** The filters of everything that has labels. */
export function labelFilters<Thing>(labelsOf: (thing: Thing) => Readonly<Record<string, string>>) {
  return {
    label: (thing: Thing, value: string) => hasEntry(labelsOf(thing), value),
    "label!": (thing: Thing, value: string) => !hasEntry(labelsOf(thing), value),
  };
}

/** `KEY` or `KEY=VALUE`. */
export function hasEntry(entries: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf("=");
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(entries, key) && (at < 0 || entries[key] === wanted.slice(at + 1));
}

/** Whether a regular expression matches anywhere in the name, as podman's `name=web` does. */
export function matchesName(name: string, pattern: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    throw new CommandError(`--filter name=${pattern}: that is no regular expression`, 125);
  }
}

/** The value of `dangling=` and the like. */
export function isTrue(value: string): boolean {
  if (["true", "1"].includes(value)) return true;
  if (["false", "0"].includes(value)) return false;
  throw new CommandError(`--filter: true or false is expected, not "${value}"`, 125);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** Parses a point in time or an age (`10m`, `1h30m`) into milliseconds since 1970. */
export function timeOf(value: string, now = Date.now()): number {
  if (/^(\d+[smhd])+$/.test(value)) {
    const parts = [...value.matchAll(/(\d+)([smhd])/g)];
    const ago = parts.reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit as keyof typeof SECONDS], 0);
    return now - ago * 1000;
  }
  const time = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (Number.isNaN(time)) throw new CommandError(`--filter: "${value}" is neither a time nor a span of time`, 125);
  return time;
}
