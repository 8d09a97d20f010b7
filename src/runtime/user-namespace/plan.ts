import { ID_LIMIT, type IdMapping } from "../../id-map.ts";
import type { UserNamespaceRequest } from "../../options/requests/run-request.ts";
import { RuntimeError } from "../error.ts";
import type { Owner } from "../users/owner.ts";
import { type IdMaps, type IdRange, mergeRanges, toInside } from "./id-map.ts";
import { consecutiveMap, type IdSpan } from "./subordinate-ids.ts";

/**
 * The ids available to a container. For a user's containers, and root's on behalf of a user, they are those of an
 * *intermediate* namespace, as with podman: 0 is the user, and the user's subordinate ids follow from 1 on.
 */
export interface IdSpace {
  /** From ids of the space (inside) to ids of the host (outside). */
  readonly maps: IdMaps;
  /** The user who owns the ids; undefined for root, who has all ids of the host. */
  readonly user: Owner | undefined;
}

/** All ids of the host, unchanged. */
export const HOST_IDS: readonly IdRange[] = [{ inside: 0, outside: 0, size: ID_LIMIT }];

/** The plan of a container's user namespace. */
export interface NamespacePlan {
  /** In terms of the id space. */
  readonly maps: IdMaps;
  /** `UID:GID` of the payload if the request names no user. */
  readonly user: string | undefined;
}

/** The source of ids for `--userns auto`. */
export interface AutomaticIds {
  /** Takes `size` uids and gids that no other container has; called once at most. */
  readonly lease: (size: number) => { readonly uid: readonly IdSpan[]; readonly gid: readonly IdSpan[] };
  /** The number of ids that the image's users need. */
  readonly sizeOfImage: () => number;
}

/** Looks up the ids of a name in /etc/subuid or /etc/subgid. */
export type SubordinateIds = (kind: "uid" | "gid", name: string) => readonly IdSpan[];

type Planned = Exclude<UserNamespaceRequest, { mode: "host" | "namespace" | "container" }>;

/**
 * The maps of a request, as podman-run(1) defines `--userns` and `--uidmap`. Throws "user-namespace" for ids that the
 * space does not have.
 */
export function planNamespace(
  request: Planned,
  space: IdSpace,
  automatic: AutomaticIds,
  subordinate: SubordinateIds,
): NamespacePlan {
  switch (request.mode) {
    case "keep-id":
      return keepId(request, space);
    case "nomap":
      if (space.user === undefined)
        throw new RuntimeError("user-namespace", "nomap leaves out the user that berth runs as, which root cannot be");
      return { maps: eachKind(({ length }) => [{ inside: 0, outside: 1, size: length - 1 }], space), user: "0:0" };
    case "auto":
      return { maps: autoMaps(request, automatic, space), user: undefined };
    case "subordinate": {
      const own = (kind: "uid" | "gid", name: string) =>
        consecutiveMap(subordinate(kind, name)).map((range) => ({ ...range, ofHost: true }));
      return {
        maps: {
          uids: own("uid", request.users).flatMap((range) => intoSpace(range, space.maps.uids)),
          gids: own("gid", request.groups).flatMap((range) => intoSpace(range, space.maps.gids)),
        },
        user: undefined,
      };
    }
    case "maps":
      return {
        maps: {
          uids: explicitMap(request.uids, "uid", space.maps.uids, space.user !== undefined),
          gids: explicitMap(request.gids, "gid", space.maps.gids, space.user !== undefined),
        },
        user: undefined,
      };
    default:
      throw new RuntimeError("bad-request", `unknown user namespace ${JSON.stringify(request satisfies never)}`);
  }
}

function eachKind(map: (side: { length: number }) => IdRange[], { maps }: IdSpace): IdMaps {
  const of = (ranges: readonly IdRange[]) => map({ length: lengthOf(ranges) });
  return { uids: of(maps.uids), gids: of(maps.gids) };
}

/** The number of ids from 0 on. */
function lengthOf(ranges: readonly IdRange[]): number {
  return ranges.reduce((end, { inside, size }) => Math.max(end, inside + size), 0);
}

/** Maps the user to itself, and the subordinate ids below and above. */
function keepId(request: Extract<Planned, { mode: "keep-id" }>, space: IdSpace): NamespacePlan {
  const { user, maps } = space;
  if (user === undefined) {
    if (request.size !== undefined)
      throw new RuntimeError("user-namespace", "keep-id:size= is for containers of ordinary users");
    // Root has all ids, so a namespace of its own has all of them too.
    return { maps, user: `${request.uid ?? 0}:${request.gid ?? 0}` };
  }
  const [uid, gid] = [request.uid ?? user.uid, request.gid ?? user.gid];
  const around = (id: number, ranges: readonly IdRange[]): IdRange[] => {
    // 0 is the user, and all others are subordinate.
    const subordinate = Math.min(lengthOf(ranges) - 1, request.size === undefined ? ID_LIMIT : request.size - 1);
    const below = Math.min(id, subordinate);
    return mergeRanges([
      ...(below > 0 ? [{ inside: 0, outside: 1, size: below }] : []),
      { inside: id, outside: 0, size: 1 },
      ...(subordinate > id ? [{ inside: id + 1, outside: id + 1, size: subordinate - id }] : []),
    ]);
  };
  return { maps: { uids: around(uid, maps.uids), gids: around(gid, maps.gids) }, user: `${uid}:${gid}` };
}

/** The requested mappings, and leased ids for all other ids inside from 0 on. */
function autoMaps(request: Extract<Planned, { mode: "auto" }>, automatic: AutomaticIds, space: IdSpace): IdMaps {
  const size = request.size ?? automatic.sizeOfImage();
  const spans = automatic.lease(size);
  const fill = (leased: readonly IdSpan[], given: readonly IdMapping[], ranges: readonly IdRange[]): IdRange[] => {
    const fixed = given.flatMap((mapping) => intoSpace(mapping, ranges));
    const places = withoutInside({ inside: 0, outside: 0, size }, fixed);
    // Leases are in ids of the host.
    return mergeRanges([
      ...fixed,
      ...assign(places, leased).flatMap((range) => intoSpace({ ...range, ofHost: true }, ranges)),
    ]);
  };
  return {
    uids: fill(spans.uid, request.uids, space.maps.uids),
    gids: fill(spans.gid, request.gids, space.maps.gids),
  };
}

/**
 * The map of `--uidmap` lines, in order. If all of them only extend (`+`) a user's default map, the user's remaining
 * ids follow.
 */
function explicitMap(
  mappings: readonly IdMapping[],
  kind: "uid" | "gid",
  space: readonly IdRange[],
  ofUser: boolean,
): IdRange[] {
  const ofKind = mappings.filter(({ kinds }) => kinds.includes(kind));
  let map: IdRange[] = [];
  for (const mapping of ofKind) {
    const ranges = intoSpace(mapping, space);
    if (mapping.extends)
      map = map.flatMap((range) => withoutInside(range, ranges)).flatMap((r) => withoutOutside(r, ranges));
    map.push(...ranges);
  }
  if (ofKind.length === 0) return mergeRanges(space.map(({ inside, size }) => ({ inside, outside: inside, size })));
  if (ofUser && ofKind.every((mapping) => mapping.extends)) map.push(...remaining(map, lengthOf(space)));
  return mergeRanges(map);
}

/**
 * Maps each inside id that is not in `map`, from 0 on, to the next outside id that is not in it.
 */
function remaining(map: readonly IdRange[], length: number): IdRange[] {
  const whole = { inside: 0, outside: 0, size: length };
  const places = withoutInside({ ...whole, size: length + map.reduce((sum, { size }) => sum + size, 0) }, map);
  return assign(
    places,
    withoutOutside(whole, map).map(({ outside, size }) => ({ start: outside, size })),
  );
}

/** Assigns the outer ids to the inside ones, one after another, as far as they go. */
function assign(places: readonly IdRange[], outer: readonly IdSpan[]): IdRange[] {
  const spans = [...outer];
  const filled: IdRange[] = [];
  for (const place of places) {
    let { inside, size } = place;
    while (size > 0) {
      const span = spans[0];
      if (span === undefined) return filled;
      const taken = Math.min(size, span.size);
      filled.push({ inside, outside: span.start, size: taken });
      inside += taken;
      size -= taken;
      if (taken === span.size) spans.shift();
      else spans[0] = { start: span.start + taken, size: span.size - taken };
    }
  }
  return filled;
}

/** A mapping in ids of the space. Ids of the host (`@`) are translated. */
function intoSpace(
  { inside, outside, size, ofHost }: Pick<IdMapping, "inside" | "outside" | "size" | "ofHost">,
  space: readonly IdRange[],
): IdRange[] {
  if (!ofHost) {
    const end = lengthOf(space);
    if (outside + size > end)
      throw new RuntimeError(
        "user-namespace",
        `id ${outside + size - 1} is beyond the ${end} ids there are to be mapped`,
      );
    return [{ inside, outside, size }];
  }
  const ranges: IdRange[] = [];
  for (let done = 0; done < size; ) {
    const id = outside + done;
    const found = toInside(space, id);
    const place = space.find((range) => id >= range.outside && id < range.outside + range.size);
    if (found === undefined || place === undefined)
      throw new RuntimeError("user-namespace", `id ${id} of the host is not among those that the user may use`);
    const count = Math.min(size - done, place.outside + place.size - id);
    ranges.push({ inside: inside + done, outside: found, size: count });
    done += count;
  }
  return ranges;
}

const withoutInside = (range: IdRange, taken: readonly IdRange[]) => without(range, taken, "inside");
const withoutOutside = (range: IdRange, taken: readonly IdRange[]) => without(range, taken, "outside");

/** The parts of a range that remain without the ids of other ranges, compared on one side. */
function without(range: IdRange, taken: readonly IdRange[], side: "inside" | "outside"): IdRange[] {
  const left: IdRange[] = [];
  let at = 0;
  for (const other of taken.toSorted((a, b) => a[side] - b[side])) {
    const from = Math.max(other[side] - range[side], at);
    const end = Math.min(other[side] + other.size - range[side], range.size);
    if (end <= from) continue;
    if (from > at) left.push({ inside: range.inside + at, outside: range.outside + at, size: from - at });
    at = end;
  }
  if (at < range.size) left.push({ inside: range.inside + at, outside: range.outside + at, size: range.size - at });
  return left;
}
