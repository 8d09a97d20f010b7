import { Decompression } from "../../tar/decompression.ts";
import { TarReader } from "../../tar/reader.ts";
import { withContext } from "../error.ts";
import { toLayerEntry } from "./entry.ts";
import { LayerTree } from "./tree.ts";

export interface UnpackFilesOptions {
  /** Absolute path of an existing, empty directory that no other user can enter. */
  readonly root: string;
  /** Root of a user namespace cannot make device nodes. */
  readonly inUserNamespace: boolean;
}

/**
 * Unpacks a tar archive of plain files, compressed or not, with the checks of a layer; names of whiteouts mean nothing
 * in it. On failure the caller removes `root`. Returns whether the archive describes the root itself. Throws ImageError
 * `bad-archive`, `hostile-layer`, `unsupported`, `no-space`.
 */
export async function unpackFiles(archive: AsyncIterable<Uint8Array>, options: UnpackFilesOptions): Promise<boolean> {
  const tree = new LayerTree({ ...options, below: async () => [] });
  let current = "";
  let hasRoot = false;
  const reader = new TarReader({
    begin: (member) => {
      current = member.name;
      const entry = toLayerEntry(member, "files");
      if (entry === undefined) return;
      hasRoot ||= entry.path.length === 0;
      return tree.begin(entry);
    },
    data: (chunk) => tree.data(chunk),
    end: () => tree.end(),
  });
  const decompression = new Decompression((chunk) => reader.write(chunk));
  try {
    for await (const chunk of archive) await decompression.write(chunk);
    await decompression.finish();
    reader.finish();
    await tree.finish();
    return hasRoot;
  } catch (error) {
    decompression.destroy();
    reader.destroy();
    tree.abort();
    throw withContext(`archive${current === "" ? "" : `, entry ${JSON.stringify(current)}`}`, error, "bad-archive");
  }
}
