/** A `UIDMap=` or `GIDMap=` line: `[flags]container:from[:amount]`, podman-run(1). */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
  /** `@` before the outer id: it is the host's also where ids are a user's subordinate ones otherwise. */
  readonly ofHost: boolean;
  /** Flag `+`: what other lines say of the same ids gives way. */
  readonly extends: boolean;
  /** Flags `u` and `g`: for which of the two maps it is. */
  readonly kinds: readonly ("uid" | "gid")[];
}

/** Ids in a row: `inside` on the disk, seen as `outside`; relative to the container's own ids if `ofContainer`. */
export interface MountIdRange {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
  readonly ofContainer: boolean;
}

/** What an option `idmap=` says of users and of groups; undefined is the container's own map. */
export interface MountIdMap {
  readonly uids?: readonly MountIdRange[];
  readonly gids?: readonly MountIdRange[];
}

/** Ids are 32 bits, and -1 means none. */
const ID_LIMIT = 0xffff_ffff;

/** What follows `idmap=`, known to be right: `uids=0-1000-10#10-11-10;gids=@0-0-10`. */
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

/** `[@]DISK-HOST-SIZE`; undefined for what is none. */
export function parseMountIdRange(text: string): MountIdRange | undefined {
  const [, relative, inside, outside, size] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  const range = { inside: Number(inside), outside: Number(outside), size: Number(size), ofContainer: relative === "@" };
  const end = Math.max(range.inside, range.outside) + range.size;
  // What does not match is not a number.
  return range.size >= 1 && end <= ID_LIMIT ? range : undefined;
}
