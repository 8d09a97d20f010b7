import { existsSync } from "node:fs";
import { DEFAULT_OCI_RUNTIME, type OciRuntimeName } from "../oci-runtimes.ts";
import { missingFirewallProgram } from "../runtime/network/connect/firewall-program.ts";
import { knownFaults, untriedVersion } from "../runtime/oci-runtime/known-faults.ts";
import { SECCOMP_PROFILES } from "../runtime/spec/seccomp.ts";
import { isInstalled, type Program } from "../system/programs.ts";

/** Programs that containers need, with the Debian package that has each. */
const PROGRAMS: readonly { readonly program: Program; readonly package: string; readonly use: string }[] = [
  { program: "netavark", package: "netavark", use: "Network=bridge, the default" },
  { program: "aardvark-dns", package: "aardvark-dns", use: "networks with names: all but the default one" },
  { program: "ip", package: "iproute2", use: "Network=bridge and none" },
  { program: "pasta", package: "passt", use: "networks of users' containers" },
  { program: "unshare", package: "util-linux", use: "containers of users" },
  { program: "newuidmap", package: "uidmap", use: "containers of users" },
  { program: "catatonit", package: "catatonit", use: "RunInit=, pods with a PID namespace" },
];

/** The OCI runtime that is worth a word to who has the default. */
const FASTER: OciRuntimeName = "crun";

/** A package that is not installed, and the features that need it. */
export interface MissingPackage {
  readonly package: string;
  readonly use: string;
}

/** The packages that this machine lacks, where containers are made by `runtime` unless they name another. */
export function missingPackages(runtime: OciRuntimeName): MissingPackage[] {
  const programs = [{ program: runtime, package: runtime, use: "every container" }, ...PROGRAMS];
  const missing: MissingPackage[] = programs.filter(({ program }) => !isInstalled(program));
  if (!SECCOMP_PROFILES.some((path) => existsSync(path)))
    missing.push({ package: "golang-github-containers-common", use: "every container: the seccomp profile" });
  const firewall = isInstalled("netavark") ? missingFirewallProgram() : undefined;
  if (firewall !== undefined) missing.push({ package: firewall.package, use: "Network=bridge: netavark's firewall" });
  return missing;
}

/** What is known of the installed programs that an administrator should know, one sentence each. */
export function warnings(runtime: OciRuntimeName): string[] {
  const faults = isInstalled("runc") ? knownFaults() : undefined;
  const untried = isInstalled(runtime) ? untriedVersion(runtime) : undefined;
  return [
    ...(faults === undefined
      ? []
      : [
          `${faults}, unless the distribution has mended them: install a later one; berth refuses mounts that lead there`,
        ]),
    ...(untried === undefined ? [] : [untried]),
  ];
}

/** What an administrator may like to know, one sentence each. */
export function advice(runtime: OciRuntimeName): string[] {
  if (runtime !== DEFAULT_OCI_RUNTIME) return [];
  const first = isInstalled(FASTER) ? "" : `install the package ${FASTER}, and `;
  return [
    `${FASTER} starts a container in about half the time and processor time that ${runtime} takes: ${first}write Runtime=${FASTER} below [runtime] in /etc/berth/berth.conf (berth.conf(5))`,
  ];
}
