import { join } from "node:path";
import { readIfThere } from "../../system/files.ts";
import type { ContainerCgroup } from "../oci-runtime/container-cgroup.ts";
import type { SpecMount } from "../spec/runtime-spec.ts";

/** By these files of cgroup v2 programs size themselves (the JVM, Go, Node, .NET): heaps, threads. */
const LIMITS: readonly string[] = ["memory.max", "memory.high", "memory.swap.max", "cpu.max"];

const CGROUP = "/sys/fs/cgroup";

/**
 * What the container finds in the files of its own cgroup that tell of limits. These are its unit's, a level above,
 * where the payload cannot look; its own say `max`. So the unit's files take their place, and say what holds also after
 * `systemctl set-property`. Nothing for limits that the unit has not, nor where one of `others` has the place. `tree`
 * is where the machine's cgroups are.
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
