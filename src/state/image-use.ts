import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DiffId, isDigest } from "../image/document/digest.ts";
import { ImageError } from "../image/error.ts";
import { isJsonObject } from "../json.ts";
import { isErrno, isMissing } from "../system/error.ts";

/** A container that has an image mounted, as the runtime's record says. */
export interface ContainerUse {
  readonly container: string;
  /** Lowest first. */
  readonly layers: readonly DiffId[];
}

/**
 * The containers of a scope and the layers that they have mounted, from `containers/ID/record.json`. A record that
 * cannot be read is an error rather than "uses nothing": the layers under a running container must never go.
 */
export function readContainerUse(runtimeDir: string): ContainerUse[] {
  const dir = join(runtimeDir, "containers");
  const uses: ContainerUse[] = [];
  for (const id of listed(dir)) {
    let text: string;
    try {
      text = readFileSync(join(dir, id, "record.json"), "utf8");
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) continue;
      throw error;
    }
    const record: unknown = parse(text);
    if (!isJsonObject(record) || !Array.isArray(record.imageLayers)) {
      throw new ImageError("store-corrupt", `the record of container ${id} cannot be read`);
    }
    const container = typeof record.name === "string" ? record.name : id;
    const others = Array.isArray(record.otherImages) ? record.otherImages.filter(Array.isArray) : [];
    for (const layers of [record.imageLayers, ...others])
      uses.push({ container, layers: layers.filter(isDigest) as string[] as DiffId[] });
  }
  return uses;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
