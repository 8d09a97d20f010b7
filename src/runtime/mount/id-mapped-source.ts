import { statSync } from "node:fs";
import { ID_LIMIT, type MountIdRange, parseMountIdMap } from "../../id-map.ts";
import { mountShifted } from "../../system/idmapped-mount.ts";
import { RuntimeError } from "../error.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { type IdRange, toOutside } from "../user-namespace/id-map.ts";
import { closeUserNamespace, makeUserNamespace } from "../user-namespace/make-namespace.ts";
import { makeMountPoint } from "./bind-mount.ts";

/**
 * Mounts `source` at the new path `place` with the owners that the option `idmap` or `idmap=…` gives them, and returns
 * the path to be used. Throws "volume" where the kernel or the file system cannot shift.
 */
export type MountIdMapped = (source: string, place: string, option: string) => string;

/** Implements the option for a container in the user namespace, or without one. */
export function idMapper(namespace: ContainerNamespace | undefined): MountIdMapped {
  return (source, place, option) => {
    const value = option === "idmap" ? undefined : option.slice("idmap=".length);
    if (value === undefined && namespace === undefined) return source;
    const own = value === undefined ? undefined : makeUserNamespace(mapsOf(value, namespace));
    makeMountPoint(place, statSync(source).isDirectory());
    try {
      const fd = (own ?? namespace)?.fd;
      if (fd !== undefined && mountShifted(source, place, fd, { recursive: true })) return place;
    } finally {
      if (own !== undefined) closeUserNamespace(own);
    }
    const reason = "the kernel or its file system has no id-mapped mounts, or a user asked for one";
    throw new RuntimeError("volume", `option idmap: the owners in ${source} cannot be shifted: ${reason}`);
  };
}

function mapsOf(value: string, namespace: ContainerNamespace | undefined): { uids: IdRange[]; gids: IdRange[] } {
  const map = parseMountIdMap(value);
  const everything: IdRange[] = [{ inside: 0, outside: 0, size: ID_LIMIT }];
  const side = (kind: "uids" | "gids"): IdRange[] => {
    const container = namespace?.maps[kind] ?? everything;
    return map[kind]?.map((range) => absolute(range, container)) ?? [...container];
  };
  return { uids: side("uids"), gids: side("gids") };
}

function absolute({ inside, outside, size, ofContainer }: MountIdRange, container: readonly IdRange[]): IdRange {
  const first = ofContainer ? toOutside(container, outside) : outside;
  if (first !== undefined) return { inside, outside: first, size };
  throw new RuntimeError("bad-request", `option idmap: the container has no id ${outside} to be relative to`);
}
