import { chmodSync, lchownSync, lstatSync } from "node:fs";
import { isErrno } from "../../system/error.ts";
import { readAttributes, setAttribute, setTimes, type Timestamp } from "../../system/file-attributes.ts";
import { ImageError } from "../error.ts";
import type { LayerEntry } from "./entry.ts";
import type { LowerFile } from "./lower.ts";

/** Attributes that a file system or a user namespace may refuse without harm, as podman and umoci do. */
const REFUSED_ATTRIBUTE: readonly string[] = ["ENOTSUP", "EOPNOTSUPP", "EPERM", "EINVAL"];

/** Gives a file to its owner. In a user namespace only the mapped ids exist; chown(2) says EINVAL to any other. */
export function own(
  chown: () => void,
  { uid, gid }: Pick<LayerEntry, "uid" | "gid">,
  { inUserNamespace }: { readonly inUserNamespace: boolean },
): void {
  try {
    chown();
  } catch (error) {
    if (!isErrno(error, "EINVAL") || !inUserNamespace) throw error;
    const hint = "the user's ranges in /etc/subuid and /etc/subgid are too small";
    throw new ImageError("unsupported", `its owner ${uid}:${gid} is not mapped: ${hint}`, {}, { cause: error });
  }
}

export function setAttributes(path: Buffer, attributes: ReadonlyMap<string, Buffer>): void {
  for (const [name, value] of attributes) {
    try {
      setAttribute(path, name, value);
    } catch (error) {
      if (!isErrno(error, ...REFUSED_ATTRIBUTE)) throw error;
    }
  }
}

/** Makes a file like one of a layer below, but for the attribute `without`. Returns its time. */
export function copyMetadata(lower: LowerFile, path: Buffer, without: string): Timestamp {
  const { stats } = lower;
  lchownSync(path, stats.uid, stats.gid);
  if (!stats.isSymbolicLink()) chmodSync(path, stats.mode & 0o7777);
  const attributes = readAttributes(lower.path);
  attributes.delete(without);
  setAttributes(path, attributes);
  const { mtimeNs } = lstatSync(lower.path, { bigint: true });
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const mtime = { seconds: (mtimeNs - nanoseconds) / 1_000_000_000n, nanoseconds: Number(nanoseconds) };
  setTimes(path, mtime);
  return mtime;
}
