import { join } from "node:path";
import type { Scope } from "../scope.ts";

/**
 * Where one container's files lie. What the running container needs is in the scope's runtime directory and goes with a
 * reboot; what has to be on a real disk (the upper layer, anonymous volumes) is in its state directory.
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
   * removed: alone in a folder, because a pasta of 2023 looks at the first of several changes only.
   */
  readonly networkNamespace: string;
  /** On disk: upper, work, and volumes without a name. */
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
/** One symbolic link a container name; its target is the ID. */
export const namesDir = (scope: Scope) => join(scope.runtimeDir, "names");
export const volumesDir = (scope: Scope) => join(scope.stateDir, "volumes");
export const podsDir = (scope: Scope) => join(scope.runtimeDir, "pods");
export const networksDir = (scope: Scope) => join(scope.runtimeDir, "networks");
/** Who asked for a unit to be started (`berth start`), for LoginUID=caller. */
export const callersDir = (scope: Scope) => join(scope.runtimeDir, "callers");
/** Who has which ids of `--userns auto`: one file a container. */
export const idLeasesDir = (scope: Scope) => join(scope.runtimeDir, "user-namespaces");
