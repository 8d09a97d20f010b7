import { createReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isMissing } from "../../system/error.ts";
import { ImageError } from "../error.ts";
import type { LayerLimits } from "../layer/limits.ts";
import { type Staged, stageArchive } from "./archive.ts";

/** A file that may be an archive, a folder with an OCI layout, or an archive that arrives as a stream. */
export type LoadSource = { readonly path: string } | { readonly stream: AsyncIterable<Uint8Array> };

/** The files of a source. `dir` is a path that does not exist yet, for those of an archive. */
export async function openStaged(
  source: LoadSource,
  dir: string,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<Staged> {
  if ("stream" in source) return stageArchive(source.stream, dir, limits, signal);
  if (!statSync(source.path).isDirectory()) return stageArchive(createReadStream(source.path), dir, limits, signal);
  return folderFiles(source.path);
}

function folderFiles(folder: string): Staged {
  const at = (name: string): string => join(folder, name);
  return {
    has: (name) => statSync(at(name), { throwIfNoEntry: false })?.isFile() === true,
    size: (name) => statSync(at(name)).size,
    read: (name, limit) => {
      try {
        if (statSync(at(name)).size > limit) throw new ImageError("too-large", `${name} is longer than ${limit} bytes`);
        return readFileSync(at(name));
      } catch (error) {
        if (isMissing(error)) throw new ImageError("bad-archive", `${name} is missing`);
        throw error;
      }
    },
    stream: (name) => createReadStream(at(name)),
  };
}
