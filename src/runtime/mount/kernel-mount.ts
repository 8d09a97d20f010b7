import type { SpecMount } from "../spec/runtime-spec.ts";
import type { ContainerUser } from "../users/container-user.ts";

/** File systems that the kernel makes up, with podman's default options for each. */
const DEFAULTS = {
  // podman-run(1) names noexec as well, but podman does not set it.
  tmpfs: ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"],
  ramfs: ["rw", "rprivate"],
  devpts: ["rw", "rprivate"],
} as const satisfies Record<string, readonly string[]>;

/**
 * The mount of a tmpfs, ramfs or devpts. Options win over the defaults that they contradict; with U the payload's user
 * owns it.
 */
export function kernelMount(
  type: keyof typeof DEFAULTS,
  destination: string,
  given: readonly string[],
  user: ContainerUser,
): SpecMount {
  const options = given.flatMap((word) => (word === "U" ? [`uid=${user.uid}`, `gid=${user.gid}`] : [word]));
  const contradicted = new Set(options.map(opposite));
  const defaults: readonly string[] = DEFAULTS[type];
  return {
    destination,
    type,
    source: type,
    options: [
      ...defaults.filter((word) => !contradicted.has(word)),
      ...options.filter((word) => word !== "notmpcopyup" && !defaults.includes(word)),
    ],
  };
}

/** The option that an option contradicts. */
function opposite(word: string): string {
  if (/^r?(shared|slave|private|unbindable)$/.test(word)) return "rprivate";
  if (word === "ro") return "rw";
  return word === "notmpcopyup" ? "tmpcopyup" : `no${word}`;
}
