import { readFileSync } from "node:fs";
import type { RunRequest, UserNamespaceRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { findContainer } from "../../state/find-container.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import { RuntimeError } from "../error.ts";
import type { Owner } from "../users/owner.ts";
import { readUserDatabase } from "../users/user-database.ts";
import { hostUser } from "./host-user.ts";
import { type IdLease, leaseIds } from "./id-leases.ts";
import { composeMaps, type IdMaps, type IdRange, OVERFLOW_ID, parseIdMap, toOutside } from "./id-map.ts";
import { joinUserNamespace, makeUserNamespace, type UserNamespace } from "./make-namespace.ts";
import { HOST_IDS, type IdSpace, planNamespace } from "./plan.ts";
import { grantRootfsAccess } from "./rootfs-access.ts";
import { type ShiftedLayers, shiftLayers } from "./shifted-layers.ts";
import { consecutiveMap, type IdSpan, readSubordinateIds } from "./subordinate-ids.ts";

/** The user whose subordinate ids `--userns auto` of root's containers takes from, as with podman (subuid(5)). */
const AUTO_USER = "containers";
/** podman's bounds for the size that an image's users ask for. */
const AUTO_SIZE_MIN = 1024;
const AUTO_SIZE_MAX = 65536;
/** As many ids as an ordinary user has, useradd(8). */
const DYNAMIC_SIZE = 65536;

/** A container's user namespace, with the payload's user and owners in it. */
export interface ContainerNamespace extends UserNamespace {
  /** `UID:GID` of the payload if the request does not say; undefined leaves it to the image. */
  readonly user: string | undefined;
  /** Root inside, as this process numbers it: the owner of the files that berth puts into the container. */
  readonly root: Owner;
  /** A user inside, as this process numbers it. */
  readonly toOutside: (user: Owner) => Owner;
  /** The image's trees with shifted owners. */
  readonly shiftLayers: (paths: ContainerPaths, layers: readonly string[]) => ShiftedLayers;
  /** Lets root inside, an ordinary id outside, reach the root file system. Returns the path for config.json. */
  readonly grantRootfsAccess: (scope: Scope, paths: ContainerPaths) => string;
}

/**
 * Makes or finds the user namespace that a request asks for, below this process's own; undefined if it asks for none.
 * `layers` are the image's trees, lowest first; `withNetwork` makes a network namespace that belongs to it.
 * Throws "user-namespace".
 */
export function openContainerNamespace(
  request: Pick<RunRequest, "userNamespace" | "idsOf" | "user">,
  made: {
    readonly scope: Scope;
    readonly id: string;
    readonly layers: readonly string[];
    readonly withNetwork: boolean;
  },
): ContainerNamespace | undefined {
  const { userNamespace: wanted, idsOf } = request;
  const { scope, withNetwork } = made;
  if (wanted.mode === "namespace" || wanted.mode === "container") {
    const path = wanted.mode === "namespace" ? wanted.path : namespaceOfContainer(scope, wanted.name);
    const joined = joinUserNamespace(path, { withNetwork });
    return joined === undefined ? undefined : withRoot(joined, undefined);
  }
  if (wanted.mode === "host" && idsOf === undefined) return undefined;
  const space = idSpace(scope, idsOf, made.id, wanted.mode);
  if (wanted.mode === "host") {
    return withRoot(makeUserNamespace(space.maps, { withNetwork }), undefined);
  }
  const available = (kind: "uid" | "gid"): readonly IdSpan[] => {
    if (space.user === undefined) return readSubordinateIds(kind, AUTO_USER);
    // All ids but the user's own.
    const ranges = kind === "uid" ? space.maps.uids : space.maps.gids;
    return ranges.filter(({ inside }) => inside > 0).map(({ outside, size }) => ({ start: outside, size }));
  };
  const plan = planNamespace(
    wanted,
    space,
    {
      lease: (size): IdLease => leaseIds(scope, made.id, size, { uid: available("uid"), gid: available("gid") }),
      sizeOfImage: () => sizeOfImage(made.layers, request.user),
    },
    readSubordinateIds,
  );
  // This process numbers ids as the host does in the system's scope, and as the intermediate namespace in a user's.
  const maps = scope.kind === "system" ? compose(plan.maps, space.maps) : plan.maps;
  return withRoot(makeUserNamespace(maps, { withNetwork }), plan.user);
}

/** The ids to choose from: all of the host's, or a user's. */
function idSpace(scope: Scope, idsOf: string | undefined, id: string, mode: UserNamespaceRequest["mode"]): IdSpace {
  if (scope.kind === "user") {
    const map = (kind: "uid" | "gid") => parseIdMap(readFileSync(`/proc/self/${kind}_map`, "utf8"));
    const [uids, gids] = [map("uid"), map("gid")];
    return { maps: { uids, gids }, user: { uid: uids[0]?.outside ?? 0, gid: gids[0]?.outside ?? 0 } };
  }
  if (idsOf === undefined) return { maps: { uids: HOST_IDS, gids: HOST_IDS }, user: undefined };
  const user = hostUser(idsOf);
  if (user.dynamic && mode === "auto")
    throw new RuntimeError("user-namespace", "a dynamic user's ids are the container's own already: leave out auto");
  // A dynamic user has no subordinate ids, so the container gets ids of its own.
  const leased = user.dynamic
    ? leaseIds(scope, id, DYNAMIC_SIZE, {
        uid: readSubordinateIds("uid", AUTO_USER),
        gid: readSubordinateIds("gid", AUTO_USER),
      })
    : undefined;
  const ranges = (kind: "uid" | "gid", own: number): IdRange[] => [
    { inside: 0, outside: own, size: 1 },
    ...consecutiveMap(leased?.[kind] ?? readSubordinateIds(kind, user.name, user.uid), 1),
  ];
  return {
    maps: { uids: ranges("uid", user.uid), gids: ranges("gid", user.gid) },
    user: { uid: user.uid, gid: user.gid },
  };
}

function compose(inner: IdMaps, outer: IdMaps): IdMaps {
  return { uids: composeMaps(inner.uids, outer.uids), gids: composeMaps(inner.gids, outer.gids) };
}

function withRoot(namespace: UserNamespace, user: string | undefined): ContainerNamespace {
  const { uids, gids } = namespace.maps;
  // Unmapped owners do not exist outside; their files stay ours.
  const outside = ({ uid, gid }: Owner) => ({ uid: toOutside(uids, uid) ?? 0, gid: toOutside(gids, gid) ?? 0 });
  const root = outside({ uid: 0, gid: 0 });
  return {
    ...namespace,
    user,
    root,
    toOutside: outside,
    shiftLayers: (paths, layers) => shiftLayers(paths, layers, namespace),
    grantRootfsAccess: (scope, paths) => grantRootfsAccess(scope, paths, root.gid),
  };
}

function namespaceOfContainer(scope: Scope, name: string): string {
  return `/proc/${runningPayloadPid(scope, findContainer(scope, name))}/ns/user`;
}

/** The number of ids that the image's users and groups need, without nobody and nogroup, as podman counts them. */
function sizeOfImage(layers: readonly string[], user: string | undefined): number {
  // The layers are not mounted yet, but the highest layer with the file is the one that overlay will show.
  const databases = layers.toReversed().map(readUserDatabase);
  const ids = [
    ...idsIn(databases.find(({ passwd }) => passwd !== "")?.passwd ?? "", [2, 3]),
    ...idsIn(databases.find(({ group }) => group !== "")?.group ?? "", [2]),
    ...(user ?? "").split(":").map(Number),
  ];
  // nobody and nogroup alone would make the map 65536 ids large.
  const needed = ids.filter((id) => Number.isInteger(id) && id !== OVERFLOW_ID);
  const size = Math.max(AUTO_SIZE_MIN, ...needed.map((id) => id + 1));
  if (size > AUTO_SIZE_MAX) {
    throw new RuntimeError(
      "user-namespace",
      `the image has users that need ${size} ids, more than the ${AUTO_SIZE_MAX} that auto gives: say auto:size=${size}`,
    );
  }
  return size;
}

function idsIn(text: string, fields: readonly number[]): number[] {
  return text.split("\n").flatMap((line) => {
    const parts = line.split(":");
    if (parts.length < 3 || parts[0] === "nobody" || parts[0] === "nogroup") return [];
    return fields.map((field) => Number(parts[field] || Number.NaN));
  });
}
