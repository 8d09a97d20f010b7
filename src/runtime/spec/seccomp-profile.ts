import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import type { RunRequest } from "../../options/requests/run-request.ts";
import { SystemError } from "../../system/error.ts";
import { RuntimeError } from "../error.ts";
import type { SpecSeccomp } from "./runtime-spec.ts";
import { resolveSeccomp, SECCOMP_ARCHITECTURES, SECCOMP_PROFILES, seccompProfile } from "./seccomp.ts";

/**
 * The seccomp filter for one container, from the requested profile or the machine's default one; undefined for
 * `unconfined`. `capabilities` is its bounding set. Throws "missing-program" if the machine has no default profile,
 * "bad-request" for one that cannot be read.
 */
export function loadSeccomp(
  request: Pick<RunRequest, "seccomp">,
  capabilities: readonly string[],
): SpecSeccomp | undefined {
  if (request.seccomp === "unconfined") return undefined;
  const path = request.seccomp ?? SECCOMP_PROFILES.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new SystemError(
      "missing-program",
      `no default seccomp profile: ${SECCOMP_PROFILES.join(" or ")} (Debian package golang-github-containers-common)`,
    );
  }
  const architecture = SECCOMP_ARCHITECTURES[process.arch];
  if (architecture === undefined)
    throw new RuntimeError("bad-request", `no seccomp architecture is known for ${process.arch}`);
  return resolveSeccomp(readProfile(path), {
    ...architecture,
    capabilities,
    kernel: release(),
  });
}

function readProfile(path: string): Parameters<typeof resolveSeccomp>[0] {
  const what = `read seccomp profile ${path}`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new RuntimeError("bad-request", what, { cause });
  }
  return seccompProfile(value, "", (why) => {
    throw new RuntimeError("bad-request", `${what}: ${why}`);
  });
}
