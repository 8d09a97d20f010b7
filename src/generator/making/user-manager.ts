import { readFileSync } from "node:fs";
import type { Directive } from "../../unit/unit-draft.ts";
import type { GenerateOptions } from "./context.ts";

/**
 * The capability that pam_systemd gives users' managers (systemd 254), <linux/capability.h>. systemd takes numbers as
 * well.
 */
const NAMES: Readonly<Record<number, string>> = { 35: "CAP_WAKE_ALARM" };

/**
 * The options that depend on a user's running manager; none where no manager is found, nor for the system's, whose
 * services are root's.
 */
export function userManager(
  scope: GenerateOptions["scope"],
  uid: number,
): Pick<GenerateOptions, "managerCapabilities"> {
  if (scope === "system") return {};
  const capabilities = namesOf(managerCapabilitySet(uid));
  return capabilities.length === 0 ? {} : { managerCapabilities: capabilities };
}

/** The capabilities of a user's manager, one bit each; none where no manager is found. */
export function managerCapabilitySet(uid: number): bigint {
  const cgroup = `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/init.scope`;
  try {
    for (const pid of readFileSync(`${cgroup}/cgroup.procs`, "utf8").trim().split("\n")) {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const [, set = "0"] = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status) ?? [];
      // The manager's cgroup also has (sd-pam), with other capabilities, and the generator itself.
      if (/^Name:\s*systemd$/m.test(status)) return BigInt(`0x${set}`);
    }
  } catch {
    // No cgroup v2 tree, or no manager: the units are only shown then.
  }
  return 0n;
}

function namesOf(set: bigint): string[] {
  return Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => (set >> BigInt(bit)) & 1n)
    .map((bit) => NAMES[bit] ?? `${bit}`);
}

/** The directive that gives a service the manager's capabilities, to see what the manager keeps for it. */
export function ambientCapabilities({ managerCapabilities = [] }: GenerateOptions): Directive[] {
  return managerCapabilities.length === 0 ? [] : [["AmbientCapabilities", managerCapabilities.join(" ")]];
}
