import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { DiffId } from "../../../src/image/document/digest.ts";
import { LAYER_LIMITS, type LayerLimits } from "../../../src/image/layer/limits.ts";
import { LayerUnpack } from "../../../src/image/layer/unpack.ts";
import { readAttributes } from "../../../src/system/file-attributes.ts";
import { sha256 } from "./tar.ts";

export interface UnpackRequest {
  readonly below?: readonly string[];
  readonly limits?: Partial<LayerLimits>;
  readonly inUserNamespace?: boolean;
  /** Length of the pieces in which the bytes are fed. */
  readonly pieces?: number;
  /** What is fed, when it is not the archive itself. */
  readonly bytes?: Buffer;
}

/** Unpacks one archive below `scratch`; resolves to its tree. */
export async function unpack(scratch: string, archive: Buffer, request: UnpackRequest = {}) {
  mkdirSync(scratch, { recursive: true });
  const dir = join(scratch, "layer");
  const job = new LayerUnpack({
    diffId: sha256(archive) as DiffId,
    dir,
    below: async () => request.below ?? [],
    inUserNamespace: request.inUserNamespace ?? false,
    limits: { ...LAYER_LIMITS, ...request.limits },
  });
  const bytes = request.bytes ?? archive;
  const step = request.pieces ?? 64 * 1024;
  for (let at = 0; at < bytes.length; at += step) await job.write(bytes.subarray(at, at + step));
  const { dependsOnLower } = await job.finish();
  return { tree: join(dir, "tree"), dependsOnLower };
}

/** Everything about a file that a layer can say. Names are latin1, one character a byte. */
export interface FileFacts {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: bigint;
  readonly size: number;
  readonly rdev: number;
  readonly content: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The first name, in order, that is the same file. */
  readonly sameAs: string;
}

/** Every file of a tree by its name; the root itself is ".". */
export function describeTree(root: string): Map<string, FileFacts> {
  const facts = new Map<string, FileFacts>();
  const firstNames = new Map<string, string>();
  const visit = (name: string): void => {
    const path = Buffer.concat([Buffer.from(root), Buffer.from(name === "." ? "" : `/${name}`, "latin1")]);
    const stats = lstatSync(path);
    const identity = `${stats.dev}:${stats.ino}`;
    const sameAs = stats.isDirectory() ? name : (firstNames.get(identity) ?? name);
    firstNames.set(identity, sameAs);
    const { mtimeNs } = lstatSync(path, { bigint: true });
    facts.set(name, {
      type: typeOf(stats),
      mode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
      mtime: mtimeNs,
      size: stats.isFile() ? stats.size : 0,
      rdev: stats.rdev,
      content: contentOf(path, stats),
      attributes: Object.fromEntries(
        [...readAttributes(path)].sort().map(([key, value]) => [key, value.toString("hex")]),
      ),
      sameAs,
    });
    if (!stats.isDirectory()) return;
    const children = readdirSync(path, { encoding: "buffer" }).map((child) => child.toString("latin1"));
    for (const child of children.sort()) visit(name === "." ? child : `${name}/${child}`);
  };
  visit(".");
  return facts;
}

function contentOf(path: Buffer, stats: Stats): string {
  if (stats.isSymbolicLink()) return readlinkSync(path, { encoding: "buffer" }).toString("latin1");
  return stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
}

function typeOf(stats: Stats): string {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isCharacterDevice()) return "character";
  if (stats.isBlockDevice()) return "block";
  return stats.isFIFO() ? "fifo" : "other";
}
