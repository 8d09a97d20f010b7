import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type ContainerPaths, containersDir } from "../../state/paths.ts";
import { MS_BIND, MS_REC, mount } from "../../system/mount.ts";

/**
 * A folder that every host has, and where an ordinary user has no business: a user's launcher can hide it in its own
 * mount namespace, and no container can want anything that is in it.
 */
const UNUSED_BY_USERS = "/root";
const PLACE = join(UNUSED_BY_USERS, "rootfs");

/**
 * Lets root inside, who is not root outside, through the folders above its root file system. Returns the path for
 * config.json. Root's own folders get passable for everybody, but not to be listed, and into a bundle only its own
 * container (`gid`) gets. A user's folders, the home directory among them, stay closed: there the root file system gets
 * another place as well, which only this mount namespace shows.
 */
export function grantRootfsAccess(scope: Scope, paths: ContainerPaths, gid: number): string {
  if (scope.kind === "system") {
    for (const folder of [scope.runtimeDir, containersDir(scope)]) chmodSync(folder, statSync(folder).mode | 0o111);
    chownSync(paths.bundle, 0, gid);
    chmodSync(paths.bundle, 0o710);
    return paths.rootfs;
  }
  const place = mountHiddenFolder();
  mount(paths.rootfs, place, "", MS_BIND | MS_REC);
  return place;
}

/**
 * The folder that the OCI runtime goes through on its way into a running container whose root file system is at `path`:
 * in another mount namespace than the launcher's it has to be made again, and can be empty.
 */
export function renewRootfsAccess(path: string): void {
  if (path === PLACE) mountHiddenFolder();
}

/**
 * A folder that nobody sees outside of this mount namespace, and that everybody may pass through: gone with the last
 * who uses it.
 */
export function mountHiddenFolder(): string {
  mount("tmpfs", UNUSED_BY_USERS, "tmpfs", 0, "mode=711,size=64k");
  mkdirSync(PLACE);
  return PLACE;
}
