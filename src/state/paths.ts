import { join } from "node:path";
import type { Scope } from "../scope.ts";

/**
 * The files of one container. Those that only the running container needs are in the scope's runtime directory and do
 * not survive a reboot; those that need a real disk (the upper layer, anonymous volumes) are in its state directory.
 */
export interface ContainerPaths {
  /** The OCI bundle: config.json, rootfs, and the small files that are mounted into the container. */
  readonly bundle: string;
  /** Where the overlay is mounted, in the unit's own mount namespace. */
  readonly rootfs: string;
  readonly config: string;
  readonly record: string;
  readonly pidFile: string;
  /**
   * Its network namespace, mounted in the launcher's own mount namespace for pasta, which ends when the file is
   * removed. The folder holds nothing else, because pasta of 2023 handles only the first of several changes.
   */
  readonly networkNamespace: string;
  /** On disk: upper, work, and anonymous volumes. */
  readonly layers: string;
}

export function containerPaths(scope: Scope, id: string): ContainerPaths {
  const bundle = join(containersDir(scope), id);
  return {
    bundle,
    rootfs: join(bundle, "rootfs"),
    config: join(bundle, "config.json"),
    record: join(bundle, "record.json"),
    pidFile: join(bundle, "pid"),
    networkNamespace: join(bundle, "namespaces", "net"),
    layers: join(scope.stateDir, "containers", id),
  };
}

export const containersDir = (scope: Scope) => join(scope.runtimeDir, "containers");
/** Symbolic links from container names to IDs. */
export const namesDir = (scope: Scope) => join(scope.runtimeDir, "names");
/** What cleanups had no time to remove. */
export const trashDir = (scope: Scope) => join(scope.stateDir, "trash");
export const volumesDir = (scope: Scope) => join(scope.stateDir, "volumes");
export const podsDir = (scope: Scope) => join(scope.runtimeDir, "pods");
export const networksDir = (scope: Scope) => join(scope.runtimeDir, "networks");
/** The caller of `berth start`, one file a unit, for LoginUID=caller. */
export const callersDir = (scope: Scope) => join(scope.runtimeDir, "callers");
/** The ids that `--userns auto` has leased, one file a container. */
export const idLeasesDir = (scope: Scope) => join(scope.runtimeDir, "user-namespaces");
