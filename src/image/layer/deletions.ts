import { type Stats, unlinkSync } from "node:fs";
import type { LayerFolder, Place } from "./layer-folder.ts";
import { isWhiteout } from "./lower.ts";

/** How the files of a layer's tree are reached. */
interface Files {
  /** A path for system calls, to be used at once. */
  absolute(place: Place): Buffer;
  stat(place: Place): Stats | undefined;
  /** Removes a directory with all that is in it. */
  remove(place: Place): void;
}

/**
 * The deletions that a layer has in its folders. overlayfs lists one as a file, which nobody can open, where there is
 * nothing to be deleted: they must not stay there.
 */
export class Deletions {
  constructor(private readonly files: Files) {}

  /** Whether there is nothing at the place because this layer hides it. */
  hides(place: Place): boolean {
    const there = this.files.stat(place);
    return there === undefined ? place.folder.covered : isWhiteout(there);
  }

  /** Notes that this layer hides what the layers below have in the folder, and takes away what deletes of it. */
  cover(folder: LayerFolder): void {
    if (folder.covered) return;
    const pending = [folder];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      at.covered = true;
      at.below = [];
      this.undelete(at);
      for (const [name, child] of at.children) {
        if (child.bare) this.files.remove({ folder: at, name });
        else if (!child.covered) pending.push(child);
      }
    }
  }

  /** Takes away the folder's own deletions. */
  undelete(folder: LayerFolder): void {
    for (const name of folder.whiteouts) {
      const place = { folder, name };
      const there = this.files.stat(place);
      if (there !== undefined && isWhiteout(there)) unlinkSync(this.files.absolute(place));
    }
    folder.whiteouts.clear();
  }
}
