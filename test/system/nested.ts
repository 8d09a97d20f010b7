import { mkdirSync, renameSync } from "node:fs";

/** Makes the folder `path` with `depth` folders in each other below it, deeper than any path reaches. */
export function nestFolders(path: string, depth: number, name = "d"): void {
  const outer = `${path}.outer`;
  mkdirSync(path, { recursive: true });
  for (let level = 0; level < depth; level++) {
    mkdirSync(outer);
    renameSync(path, `${outer}/${name}`);
    renameSync(outer, path);
  }
}
