import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../../scope.ts";
import { type ContainerPaths, containersDir } from "../../state/paths.ts";
import { MS_BIND, MS_REC, mount } from "../../system/mount.ts";

/**
 * A folder that every host has, and of which an ordinary user needs nothing: a user's launcher can mount over it in its
 * own mount namespace, and no container misses its contents.
 */
const UNUSED_BY_USERS = "/root";
const PLACE = join(UNUSED_BY_USERS, "rootfs");

/**
 * Lets root inside, an ordinary id outside, through the folders above its root file system. Returns the path for
 * config.json. In the system's scope every user may pass through the folders, but not list them, and only the group of
 * root inside (`gid`) may enter the bundle. In a user's scope the folders stay closed, the home directory among them:
 * the root file system gets a second place, which only this mount namespace shows.
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
 * Makes the second place of a running container's root file system (`path`) again, for a process in another mount
 * namespace than the launcher's: the OCI runtime resolves the path on its way in, but the place can be empty.
 */
export function renewRootfsAccess(path: string): void {
  if (path === PLACE) mountHiddenFolder();
}

/**
 * Mounts a folder that only this mount namespace shows, and that any user may pass through. The kernel drops it with
 * the last process that uses it.
 */
export function mountHiddenFolder(): string {
  mount("tmpfs", UNUSED_BY_USERS, "tmpfs", 0, "mode=711,size=64k");
  mkdirSync(PLACE);
  return PLACE;
}
