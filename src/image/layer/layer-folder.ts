import { Folder } from "../../system/deep-paths.ts";
import type { Timestamp } from "../../system/file-attributes.ts";

/** A folder that exists in the tree of the layer that is being unpacked. */
export class LayerFolder extends Folder {
  readonly children = new Map<string, LayerFolder>();
  declare readonly parent: LayerFolder | undefined;
  /** Names in it that are deletions, or once were. */
  readonly whiteouts = new Set<string>();
  /** The time that it must have in the end. */
  mtime: Timestamp | undefined;
  /** Whether this layer hides what the layers below have in it. */
  covered: boolean;
  /** Whether it is there for deletions in it alone, and no entry says that it exists. */
  bare = false;
  /** The trees below that have something to show in it, highest first, as indexes; undefined until it is asked for. */
  below: readonly number[] | undefined;

  constructor(name: string, parent: LayerFolder | undefined) {
    super(name, parent);
    this.covered = parent?.covered ?? false;
    if (this.covered) this.below = [];
  }
}

/** A file or folder of the layer, or what may become one. */
export interface Place {
  readonly folder: LayerFolder;
  readonly name: string;
}

/** The folder, and all below it. */
export function* foldersOf(top: LayerFolder): Iterable<LayerFolder> {
  const pending = [top];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    yield folder;
    for (const child of folder.children.values()) pending.push(child);
  }
}
