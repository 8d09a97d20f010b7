import type { OciRuntimeName } from "../../oci-runtimes.ts";
import { runProgram } from "../../system/process.ts";

/** Attacks by which a container's content or payload reaches what runc masks; runc's security advisories of 2025. */
const FAULTS = "CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881";

/** The first version of each series with the fixes. Series before the first of these have none, later ones all. */
const FIXED: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [1, 2, 8],
  [1, 3, 3],
];

/**
 * A sentence about the installed OCI runtime, if the number of its version is that of one with known faults; undefined
 * for others. A distribution may have mended the faults without another number.
 */
export function knownFaults(): string | undefined {
  const { stdout } = runProgram("runc", ["--version"], { stdout: "pipe", stderr: "ignore" });
  const version = /^runc version (\S+)/.exec(stdout)?.[1];
  return version !== undefined && isFaulty(version) ? `runc ${version} may have ${FAULTS}` : undefined;
}

/** The versions, from this one on, that all of berth's tests run with. */
const CRUN_TRIED = [1, 21] as const;

/** A sentence about the installed OCI runtime, if it is older than what berth is tested with; undefined for others. */
export function untriedVersion(name: OciRuntimeName): string | undefined {
  if (name !== "crun") return undefined;
  const { stdout } = runProgram(name, ["--version"], { stdout: "pipe", stderr: "ignore" });
  const version = /^crun version (\S+)/.exec(stdout)?.[1];
  return version === undefined || isTried(version)
    ? undefined
    : `crun ${version} is older than what berth is tested with (${CRUN_TRIED.join(".")}): some starts and berth exec may fail with it; runc has no such limits`;
}

/** Whether a version of crun such as `1.21` is one that berth is tested with, or a later one. */
export function isTried(version: string): boolean {
  const [major = 0, minor = 0] = version.split(/[.+~-]/).map(Number);
  return major > CRUN_TRIED[0] || (major === CRUN_TRIED[0] && minor >= CRUN_TRIED[1]);
}

/** Whether a version such as `1.1.15+ds1` or `1.3.0-rc.1` lacks the fixes, by its number. */
export function isFaulty(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map(Number);
  const series = FIXED.find((fixed) => fixed[0] === major && fixed[1] === minor);
  if (series !== undefined) return patch < series[2];
  return major < 1 || (major === 1 && minor < 2);
}
