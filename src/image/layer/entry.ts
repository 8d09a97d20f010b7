import { ID_LIMIT } from "../../id-map.ts";
import type { Timestamp } from "../../system/file-attributes.ts";
import type { TarMember } from "../../tar/reader.ts";
import { parseSparseMap, type SparseMap } from "../../tar/sparse.ts";
import { ImageError } from "../error.ts";

/** Where an entry belongs: path components below the layer's root, latin1 text. Empty for the root itself. */
export type EntryPath = readonly string[];

/** An archive member, checked and decoded. Text is latin1, one character a byte. */
export interface LayerEntry {
  readonly path: EntryPath;
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo" | "whiteout" | "opaque";
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Target of a symbolic link, as it stands. */
  readonly target: string;
  /** Target of a hard link. */
  readonly linkPath: EntryPath;
  readonly major: number;
  readonly minor: number;
  readonly attributes: ReadonlyMap<string, Buffer>;
  /** Bytes of data in the archive. */
  readonly size: number;
  readonly sparse?: SparseMap;
}

const KINDS: Readonly<Record<string, LayerEntry["kind"]>> = {
  file: "file",
  "contiguous-file": "file",
  directory: "directory",
  symlink: "symlink",
  link: "hardlink",
  "character-device": "character",
  "block-device": "block",
  fifo: "fifo",
};

const WHITEOUT = ".wh.";
/** aufs's own bookkeeping; all of it but the opaque marker is meaningless elsewhere (image-spec, layer.md). */
const AUFS_META = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";
const PATH_MAX = 4095;

/**
 * Reads a member; undefined for aufs bookkeeping, which means nothing here. In an archive of `files` the names of
 * whiteouts are names like others. Throws ImageError `hostile-layer` for members that no honest archive holds,
 * `unsupported` for those that berth cannot unpack.
 */
export function toLayerEntry(member: TarMember, of: "layer" | "files" = "layer"): LayerEntry | undefined {
  const pax = new Map(member.pax);
  const sparse = parseSparseMap(member.pax);
  const whole = parseEntryPath(sparse?.name ?? (pax.get("path") || member.name));
  const type = KINDS[member.type];
  const place = of === "layer" ? placeInLayer(whole) : { path: whole };
  if (type === undefined) throw new ImageError("unsupported", "its type is not supported (GNU sparse, or unknown)");
  if (place === undefined) return undefined;
  const { path, kind = type } = place;
  const linkName = pax.get("linkpath") || member.linkName;
  if (type === "symlink") checkSymlink(linkName);
  return {
    path,
    kind,
    uid: identity(pax.get("uid"), member.uid, "uid"),
    gid: identity(pax.get("gid"), member.gid, "gid"),
    mode: member.mode & 0o7777,
    mtime: timestamp(pax.get("mtime") || member.mtime),
    target: type === "symlink" ? linkName : "",
    linkPath: kind === "hardlink" ? parseEntryPath(linkName) : [],
    ...deviceNumber(type, member),
    attributes: attributes(member),
    size: member.size,
    ...(sparse === undefined ? {} : { sparse }),
  };
}

interface LayerPlace {
  readonly path: EntryPath;
  /** Replaces the member's own kind, if its name has a meaning. */
  readonly kind?: "whiteout" | "opaque";
}

/** The meaning of a name in a layer; undefined for aufs bookkeeping (image-spec, layer.md, "Whiteouts"). */
function placeInLayer(path: EntryPath): LayerPlace | undefined {
  const parents = path.slice(0, -1);
  if (parents.some((part) => part.startsWith(WHITEOUT) && !part.startsWith(AUFS_META)))
    throw hostile("it lies below a whiteout");
  const base = path.at(-1) ?? "";
  if (base === OPAQUE) return { path: parents, kind: "opaque" };
  if (path.some((part) => part.startsWith(AUFS_META))) return undefined;
  return base.startsWith(WHITEOUT) ? { path: [...parents, hiddenName(base)], kind: "whiteout" } : { path };
}

function hostile(why: string): ImageError {
  return new ImageError("hostile-layer", why);
}

/**
 * Splits a member's name or a hard link's target. `./` and slashes at the beginning or doubled mean nothing: archives
 * with `/` and `/etc/x` are common (kaniko), and everybody reads them so.
 */
export function parseEntryPath(name: string): EntryPath {
  if (name === "") throw hostile("its name is empty");
  if (name.includes("\0")) throw hostile("its name holds a NUL");
  if (name.length > PATH_MAX) throw hostile(`its name is longer than ${PATH_MAX} bytes`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw hostile("its name leads out of the layer (..)");
  return parts;
}

function hiddenName(base: string): string {
  const hidden = base.slice(WHITEOUT.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw hostile("it is a whiteout of nothing");
  return hidden;
}

function checkSymlink(target: string): void {
  if (target === "") throw hostile("a symbolic link to nothing");
  if (target.includes("\0")) throw hostile("its link target holds a NUL");
  if (target.length > PATH_MAX) throw hostile(`its link target is longer than ${PATH_MAX} bytes`);
}

function identity(text: string | undefined, fallback: number, what: string): number {
  const value = text === undefined || text === "" ? fallback : /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isInteger(value) || value < 0 || value >= ID_LIMIT) throw hostile(`its ${what} is out of range`);
  return value;
}

/** A time as pax writes it (`-1.5`, `1700000000.123456789`; more digits are cut off), or whole seconds. */
export function timestamp(time: string | number): Timestamp {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(String(time));
  if (match === null) throw hostile("its time is malformed");
  const [, sign, whole = "0", fraction = ""] = match;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign === "") return { seconds: BigInt(whole), nanoseconds };
  if (nanoseconds === 0) return { seconds: -BigInt(whole), nanoseconds };
  return { seconds: -BigInt(whole) - 1n, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** The kernel's device numbers have 12 and 20 bits (MAJOR and MINOR of linux/kdev_t.h). */
function deviceNumber(kind: LayerEntry["kind"], { major, minor }: TarMember): Pick<LayerEntry, "major" | "minor"> {
  if (kind !== "character" && kind !== "block") return { major: 0, minor: 0 };
  if (!(major >= 0 && major < 2 ** 12 && minor >= 0 && minor < 2 ** 20))
    throw hostile("its device number is out of range");
  return { major, minor };
}

const XATTR = "SCHILY.xattr.";

/**
 * The extended attributes that a layer may set. Dropped: overlay's own, with which a layer could forge whiteouts,
 * redirects into other directories or metadata-only files; all other `trusted.`, which only the host's
 * administrator may set; and the SELinux label of the machine that built the image.
 */
function attributes(member: TarMember): Map<string, Buffer> {
  const kept = new Map<string, Buffer>();
  for (const [key, value] of member.pax) {
    if (!key.startsWith(XATTR)) continue;
    const name = key.slice(XATTR.length);
    if (name === "" || name.length > 255 || name.includes("\0"))
      throw hostile("an extended attribute's name is malformed");
    if (value.length > 65536) throw hostile(`its extended attribute ${name} is longer than 65536 bytes`);
    if (/^(trusted\.|user\.overlay\.|security\.selinux$)/.test(name)) continue;
    kept.set(name, Buffer.from(value, "latin1"));
  }
  return kept;
}
