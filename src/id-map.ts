/** A `UIDMap=` or `GIDMap=` line: `[flags]container:from[:amount]`, podman-run(1). */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
  /**
   * `@` before the outer id: an id of the host, where it would otherwise be an index into the user's subordinate ids.
   */
  readonly ofHost: boolean;
  /** Flag `+`: this line overrides others about the same ids. */
  readonly extends: boolean;
  /** Flags `u` and `g`: the map that the line belongs to. */
  readonly kinds: readonly ("uid" | "gid")[];
}

/** A range of ids: `inside` on the disk, seen as `outside`; relative to the container's own ids if `ofContainer`. */
export interface MountIdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
  readonly ofContainer: boolean;
}

/** The maps of users and of groups in an option `idmap=`; undefined stands for the container's own map. */
export interface MountIdMap {
  readonly uids?: readonly MountIdRange[];
  readonly gids?: readonly MountIdRange[];
}

/** Ids are 32 bits, and -1 means none. */
export const ID_LIMIT = 0xffff_ffff;

/** Parses the value of `idmap=`, which has been checked: `uids=0-1000-10#10-11-10;gids=@0-0-10`. */
export function parseMountIdMap(value: string): MountIdMap {
  const parts = new Map(value.split(";").map((part) => [part.slice(0, 4), part.slice("uids=".length)]));
  const ranges = (kind: string) =>
    parts
      .get(kind)
      ?.split("#")
      .flatMap((text) => parseMountIdRange(text) ?? []);
  const [uids, gids] = [ranges("uids"), ranges("gids")];
  return { ...(uids === undefined ? {} : { uids }), ...(gids === undefined ? {} : { gids }) };
}

/** `[@]DISK-HOST-SIZE`; undefined for any other text. */
export function parseMountIdRange(text: string): MountIdRange | undefined {
  const [, relative, inside, outside, size] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const range = { inside: Number(inside), outside: Number(outside), size: Number(size), ofContainer: relative === "@" };
  const end = Math.max(range.inside, range.outside) + range.size;
  // Without a match these are NaN.
  return range.size >= 1 && end <= ID_LIMIT ? range : undefined;
}
