import { join } from "node:path";
import { readIfThere } from "../../system/files.ts";
import type { ContainerCgroup } from "../oci-runtime/container-cgroup.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** The files of cgroup v2 by which programs (the JVM, Go, Node, .NET) size heaps and thread pools. */
const LIMITS: readonly string[] = ["memory.max", "memory.high", "memory.swap.max", "cpu.max"];

const CGROUP = "/sys/fs/cgroup";

/**
 * Mounts that show the unit's limits in the container's own cgroup. The limits are set on the unit's cgroup, one level
 * above, where the payload cannot look; the files of its own cgroup say `max`. Since the unit's files are mounted over
 * those, they are right after `systemctl set-property` too. No mount for a limit that the unit does not have, and none
 * if one of `others` is at or above the place. `tree` is the mount point of the cgroup file system.
 */
export function limitMounts(
  { unitPath }: Pick<ContainerCgroup, "unitPath">,
  others: readonly Pick<SpecMount, "destination">[],
  tree = CGROUP,
): SpecMount[] {
  if (unitPath === undefined || others.some(({ destination }) => isAbove(destination))) return [];
  return LIMITS.flatMap((name) => {
    const source = join(tree, unitPath, name);
    const limit = readIfThere(source);
    if (limit === undefined || limit.startsWith("max")) return [];
    const options = ["bind", "nosuid", "nodev", "noexec", "ro"];
    return [{ destination: join(CGROUP, name), type: "none", source, options }];
  });
}

function isAbove(destination: string): boolean {
  return `${CGROUP}/`.startsWith(`${destination}/`);
}
