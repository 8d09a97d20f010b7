import { ID_LIMIT } from "../../id-map.ts";
import { RuntimeError } from "../error.ts";

/** One line of a user namespace's map, user_namespaces(7): `size` ids from `inside` on are those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
}

/** The maps of a user namespace. */
export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/**
 * The id of users and groups that a user namespace does not map (/proc/sys/kernel/overflowuid): nobody and nogroup.
 */
export const OVERFLOW_ID = 65534;

/** The most lines that the kernel takes in a map, since Linux 4.15. */
const LINES_MAX = 340;

/** /proc/PID/uid_map's text. */
export function formatIdMap(map: readonly IdRange[]): string {
  return map.map(({ inside, outside, size }) => `${inside} ${outside} ${size}\n`).join("");
}

/** Reads /proc/PID/uid_map or gid_map. */
export function parseIdMap(text: string): IdRange[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [inside = 0, outside = 0, size = 0] = line.trim().split(/\s+/).map(Number);
      return { inside, outside, size };
    });
}

/** The outside id of an inside one; undefined if it is not mapped. */
export function toOutside(map: readonly IdRange[], id: number): number | undefined {
  const range = map.find(({ inside, size }) => id >= inside && id < inside + size);
  return range === undefined ? undefined : range.outside + (id - range.inside);
}

/** The inside id of an outside one; undefined if it is not mapped. */
export function toInside(map: readonly IdRange[], id: number): number | undefined {
  const range = map.find(({ outside, size }) => id >= outside && id < outside + size);
  return range === undefined ? undefined : range.inside + (id - range.outside);
}

/**
 * The map of a namespace inside another one, in terms of the ids outside of both. Ids that the outer one does not map
 * are left out.
 */
export function composeMaps(inner: readonly IdRange[], outer: readonly IdRange[]): IdRange[] {
  const lines = inner.flatMap((range) =>
    outer.flatMap((place): IdRange[] => {
      const from = Math.max(range.outside, place.inside);
      const end = Math.min(range.outside + range.size, place.inside + place.size);
      if (from >= end) return [];
      return [
        {
          inside: range.inside + (from - range.outside),
          outside: place.outside + (from - place.inside),
          size: end - from,
        },
      ];
    }),
  );
  return mergeRanges(lines);
}

/**
 * The same map with each line within one line of `outer`, the map of the namespace outside, as the kernel requires.
 * Throws "user-namespace" for ids that `outer` does not map.
 */
export function splitAt(map: readonly IdRange[], outer: readonly IdRange[]): IdRange[] {
  return map.flatMap((range) => {
    const parts = outer.flatMap((place): IdRange[] => {
      const from = Math.max(range.outside, place.inside);
      const size = Math.min(range.outside + range.size, place.inside + place.size) - from;
      return size <= 0 ? [] : [{ inside: range.inside + (from - range.outside), outside: from, size }];
    });
    if (parts.reduce((sum, { size }) => sum + size, 0) !== range.size) {
      const text = `${range.inside}:${range.outside}:${range.size}`;
      throw new RuntimeError("user-namespace", `${text} has ids outside that there are none of`);
    }
    return parts.toSorted((a, b) => a.inside - b.inside);
  });
}

/** Sorts the ranges by inside ids, and joins those that continue one another. */
export function mergeRanges(map: readonly IdRange[]): IdRange[] {
  const merged: IdRange[] = [];
  for (const range of map.toSorted((a, b) => a.inside - b.inside)) {
    const last = merged.at(-1);
    const continues =
      last !== undefined && last.inside + last.size === range.inside && last.outside + last.size === range.outside;
    if (continues) merged[merged.length - 1] = { ...last, size: last.size + range.size };
    else merged.push(range);
  }
  return merged;
}

/**
 * Throws "user-namespace" for a map that the kernel would refuse with a bare EINVAL: none at all, ids out of range, an
 * id that is mapped twice on either side. `what` is the map's name in the message: `--uidmap`.
 */
export function checkIdMap(map: readonly IdRange[], what: string): void {
  const fail = (message: string): never => {
    throw new RuntimeError("user-namespace", `${what}: ${message}`);
  };
  if (map.length === 0) fail("the map is empty");
  if (map.length > LINES_MAX) fail(`${map.length} lines are more than the ${LINES_MAX} that the kernel takes`);
  for (const { inside, outside, size } of map) {
    if (size < 1 || inside + size > ID_LIMIT || outside + size > ID_LIMIT)
      fail(`${inside}:${outside}:${size} is out of the range of ids`);
  }
  for (const side of ["inside", "outside"] as const) {
    const sorted = map.toSorted((a, b) => a[side] - b[side]);
    sorted.forEach((range, at) => {
      const before = sorted[at - 1];
      if (before !== undefined && before[side] + before.size > range[side])
        fail(`id ${range[side]} ${side === "inside" ? "of the container" : "of the host"} is mapped twice`);
    });
  }
}
