import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import { isMountPoint } from "../mount-table.ts";
import { deviceMount, type Volume, volumePaths } from "./volume.ts";

/** A volume as podman's JSON has it. */
export interface DescribedVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Scope: "local";
  readonly Options: Readonly<Record<string, string>>;
  readonly UID: number;
  readonly GID: number;
  readonly MountCount: number;
  readonly NeedsCopyUp: boolean;
  readonly NeedsChown: boolean;
}

/** What is known of a volume, in podman's names. */
export function describeVolume(scope: Scope, volume: Volume): DescribedVolume {
  const { data } = volumePaths(scope, volume.name);
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: data,
    CreatedAt: volume.created,
    Labels: volume.labels,
    Scope: "local",
    Options: volume.options,
    UID: volume.uid,
    GID: volume.gid,
    MountCount: deviceMount(volume) !== undefined && isMountPoint(data) ? 1 : 0,
    NeedsCopyUp: volume.needsCopyUp,
    NeedsChown: volume.needsOwner,
  };
}

/** What `--filter` may ask for: `name=…`, as podman-volume-ls(1) has it. */
const FILTERS: Readonly<Record<string, (volume: Volume, value: string, facts: FilterFacts) => boolean>> = {
  name: ({ name }, value) => new RegExp(value).test(name),
  driver: ({ driver }, value) => driver === value,
  scope: (_, value) => value === "local",
  label: ({ labels }, value) => hasEntry(labels, value),
  "label!": ({ labels }, value) => !hasEntry(labels, value),
  opt: ({ options }, value) => hasEntry(options, value),
  dangling: ({ name }, value, { used }) => used.has(name) !== isTrue(value),
  since: (volume, value, { createdOf }) => volume.created > createdOf(value),
  until: ({ created }, value) => Date.parse(created) < timeOf(value),
};

interface FilterFacts {
  /** Names of volumes that containers use. */
  readonly used: ReadonlySet<string>;
  /** When a volume was made; throws for an unknown one. */
  readonly createdOf: (name: string) => string;
}

/**
 * The volumes that pass: of filters of one kind any may match, of different kinds all must; labels must all match. Throws
 * "bad-request" for a filter that there is not.
 */
export function filterVolumes(volumes: readonly Volume[], filters: readonly string[], facts: FilterFacts): Volume[] {
  const kinds = new Map<string, string[]>();
  for (const text of filters) {
    const [, key = "", value = ""] = /^([a-z]+!?)=(.*)$/s.exec(text) ?? [];
    if (!Object.hasOwn(FILTERS, key))
      throw new RuntimeError("bad-request", `filter "${text}" is none of ${Object.keys(FILTERS).join("=, ")}=`);
    kinds.set(key, [...(kinds.get(key) ?? []), value]);
  }
  return volumes.filter((volume) =>
    [...kinds].every(([key, values]) => {
      const match = (value: string) => FILTERS[key]?.(volume, value, facts) === true;
      return key.startsWith("label") ? values.every(match) : values.some(match);
    }),
  );
}

/** `KEY` or `KEY=VALUE`. */
function hasEntry(entries: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf("=");
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(entries, key) && (at < 0 || entries[key] === wanted.slice(at + 1));
}

function isTrue(value: string): boolean {
  if (["true", "1"].includes(value)) return true;
  if (["false", "0"].includes(value)) return false;
  throw new RuntimeError("bad-request", `filter dangling is true or false, not "${value}"`);
}

/** A point in time, or so long ago (`10m`, `1h30m`), in milliseconds since 1970. */
function timeOf(value: string): number {
  const seconds = { s: 1, m: 60, h: 3600, d: 86400 } as const;
  if (/^(\d+[smhd])+$/.test(value)) {
    const parts = [...value.matchAll(/(\d+)([smhd])/g)];
    const ago = parts.reduce((sum, [, count, unit]) => sum + Number(count) * seconds[unit as keyof typeof seconds], 0);
    return Date.now() - ago * 1000;
  }
  const time = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (Number.isNaN(time)) throw new RuntimeError("bad-request", `"${value}" is neither a time nor a span of time`);
  return time;
}
