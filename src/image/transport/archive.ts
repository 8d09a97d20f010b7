import { closeSync, createReadStream, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join, posix } from "node:path";
import { Decompression } from "../../tar/decompression.ts";
import { type TarMember, TarReader } from "../../tar/reader.ts";
import { ImageError } from "../error.ts";
import { parseEntryPath } from "../layer/entry.ts";
import type { LayerLimits } from "../layer/limits.ts";
import type { ImageSource } from "./image-source.ts";

/** One image of an archive or folder, with the full names that it has there. */
export interface NamedSource {
  readonly references: readonly string[];
  readonly source: ImageSource;
}

/** The files of an image archive, by their names in it. */
export interface Staged {
  has(name: string): boolean;
  /** Bytes. */
  size(name: string): number;
  /** A small file. Throws ImageError `bad-archive` when it is missing, `too-large`. */
  read(name: string, limit: number): Uint8Array;
  stream(name: string): AsyncIterable<Uint8Array>;
}

const LINKS_MAX = 8;

/**
 * Writes the regular files of an archive (compressed or not) to `dir`, under numbers instead of their names, so that
 * no name in it can lead anywhere. Its links are kept as names of names: `docker save` links equal layers.
 */
export async function stageArchive(
  source: AsyncIterable<Uint8Array>,
  dir: string,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<Staged> {
  mkdirSync(dir, { mode: 0o700 });
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  let fd: number | undefined;
  let bytes = 0;
  const begin = (member: TarMember): void => {
    const pax = new Map(member.pax);
    const name = parseEntryPath(pax.get("path") || member.name).join("/");
    if (files.size + links.size >= limits.entries)
      throw new ImageError("too-large", `more than ${limits.entries} entries`);
    if (member.type === "file") {
      const path = join(dir, String(files.size));
      fd = openSync(path, "wx", 0o600);
      files.set(name, path);
      links.delete(name);
    } else if (member.type === "symlink" || member.type === "link") {
      const from = member.type === "symlink" ? posix.dirname(name) : ".";
      links.set(name, posix.normalize(posix.join(from, pax.get("linkpath") || member.linkName)));
    } else if (member.type !== "directory") {
      throw new ImageError("bad-archive", `entry ${JSON.stringify(name)} is not a file, a folder or a link`);
    }
  };
  const reader = new TarReader({
    begin,
    data: (chunk) => {
      bytes += chunk.length;
      if (bytes > limits.bytes) throw new ImageError("too-large", `more than ${limits.bytes} bytes`);
      for (let done = 0; fd !== undefined && done < chunk.length; ) done += writeSync(fd, chunk, done);
    },
    end: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  });
  const decompression = new Decompression((chunk) => reader.write(chunk));
  try {
    for await (const chunk of source) {
      if (signal.aborted) throw new ImageError("cancelled", "cancelled");
      await decompression.write(chunk);
    }
    await decompression.finish();
    reader.finish();
  } finally {
    decompression.destroy();
    reader.destroy();
    if (fd !== undefined) closeSync(fd);
  }
  return stagedFiles(files, links);
}

function stagedFiles(files: ReadonlyMap<string, string>, links: ReadonlyMap<string, string>): Staged {
  const find = (name: string): string | undefined => {
    let at: string | undefined = posix.normalize(name);
    for (let hops = 0; at !== undefined && hops <= LINKS_MAX; hops++) {
      const file = files.get(at);
      if (file !== undefined) return file;
      at = links.get(at);
    }
    return undefined;
  };
  const path = (name: string): string => {
    const found = find(name);
    if (found === undefined) throw new ImageError("bad-archive", `${JSON.stringify(name)} is missing`);
    return found;
  };
  return {
    has: (name) => find(name) !== undefined,
    size: (name) => statSync(path(name)).size,
    read: (name, limit) => {
      const file = path(name);
      if (statSync(file).size > limit) throw new ImageError("too-large", `${name} is longer than ${limit} bytes`);
      return readFileSync(file);
    },
    stream: (name) => createReadStream(path(name)),
  };
}
