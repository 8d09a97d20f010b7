import { existsSync } from "node:fs";
import { missingFirewallProgram } from "../runtime/network/connect/firewall-program.ts";
import { knownFaults } from "../runtime/oci-runtime/known-faults.ts";
import { SECCOMP_PROFILES } from "../runtime/spec/seccomp.ts";
import { isInstalled, type Program } from "../system/programs.ts";

/** Programs that containers need, with the Debian package that has each. */
const PROGRAMS: readonly { readonly program: Program; readonly package: string; readonly use: string }[] = [
  { program: "runc", package: "runc", use: "every container" },
  { program: "netavark", package: "netavark", use: "Network=bridge, the default" },
  { program: "aardvark-dns", package: "aardvark-dns", use: "networks with names: all but the default one" },
  { program: "ip", package: "iproute2", use: "Network=bridge and none" },
  { program: "pasta", package: "passt", use: "networks of users' containers" },
  { program: "unshare", package: "util-linux", use: "containers of users" },
  { program: "newuidmap", package: "uidmap", use: "containers of users" },
  { program: "catatonit", package: "catatonit", use: "RunInit=, pods with a PID namespace" },
];

/** A package that is not installed, and the features that need it. */
export interface MissingPackage {
  readonly package: string;
  readonly use: string;
}

/** The packages that this machine lacks. */
export function missingPackages(): MissingPackage[] {
  const missing: MissingPackage[] = PROGRAMS.filter(({ program }) => !isInstalled(program));
  if (!SECCOMP_PROFILES.some((path) => existsSync(path)))
    missing.push({ package: "golang-github-containers-common", use: "every container: the seccomp profile" });
  const firewall = isInstalled("netavark") ? missingFirewallProgram() : undefined;
  if (firewall !== undefined) missing.push({ package: firewall.package, use: "Network=bridge: netavark's firewall" });
  return missing;
}

/** What is known of the installed programs that an administrator should know, one sentence each. */
export function warnings(): string[] {
  const faults = isInstalled("runc") ? knownFaults() : undefined;
  return faults === undefined
    ? []
    : [`${faults}, unless the distribution has mended them: install a later one; berth refuses mounts that lead there`];
}
