import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex } from "../document/digest.ts";
import { parseImageConfig } from "../document/image-config.ts";
import { type Descriptor, parseManifest } from "../document/manifest.ts";
import { LayerStore } from "../layer/layer-store.ts";
import { blobPath, readBlob, readIndex, type StorePaths } from "./layout.ts";

/** Something in the store that is not as it should be. */
export interface StoreProblem {
  /** The image, blob or layer. */
  readonly where: string;
  readonly message: string;
}

/**
 * Reads the whole store: every blob against its digest, every image's manifest, configuration, blobs and layers, and
 * every layer's tree against its record. An empty answer means that all of it is sound. What another process is
 * just pulling is none of its business; blobs and layers that no image refers to (a pull that was cut off, and that
 * the next one will use) are checked but are no problem.
 */
export async function verifyStore(paths: StorePaths): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  const layers = new LayerStore(paths.layers);
  let entries: readonly Descriptor[] = [];
  try {
    entries = readIndex(paths);
  } catch (error) {
    problems.push({ where: "index.json", message: describe(error) });
  }
  for (const name of existsSync(paths.blobs) ? readdirSync(paths.blobs) : []) {
    const hash = new Bun.CryptoHasher("sha256");
    for await (const chunk of createReadStream(join(paths.blobs, name))) hash.update(chunk as Uint8Array);
    const digest = hash.digest("hex");
    if (digest !== name) problems.push({ where: `blob sha256:${name}`, message: `its bytes are sha256:${digest}` });
  }
  for (const entry of entries) {
    for (const message of imageProblems(paths, layers, entry))
      problems.push({ where: `image ${entry.digest}`, message });
  }
  for (const { layer, message } of await layers.verify()) problems.push({ where: `layer ${layer}`, message });
  return problems;
}

function imageProblems(paths: StorePaths, layers: LayerStore, entry: Descriptor): string[] {
  try {
    const manifest = parseManifest(readBlob(paths, entry.digest), entry.mediaType);
    if (manifest.kind === "index") return ["it is an index, not an image"];
    const { diffIds } = parseImageConfig(readBlob(paths, manifest.config.digest));
    const blobs = [manifest.config, ...manifest.layers].flatMap(({ digest, size }) => sizeProblem(paths, digest, size));
    return [...blobs, ...layers.missing(diffIds).map((id) => `layer ${id} is missing`)];
  } catch (error) {
    return [describe(error)];
  }
}

function sizeProblem(paths: StorePaths, digest: Digest, size: number): string[] {
  const stats = statSync(blobPath(paths, digest), { throwIfNoEntry: false });
  if (stats === undefined) return [`blob ${digestHex(digest)} is missing`];
  return stats.size === size ? [] : [`blob ${digestHex(digest)} has ${stats.size} bytes instead of ${size}`];
}

function describe(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) parts.push(at.message);
  return parts.join(": ");
}
