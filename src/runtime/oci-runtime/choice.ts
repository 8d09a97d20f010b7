import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { Scope } from "../../scope.ts";
import { Crun } from "./crun.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { Runc } from "./runc.ts";

type NamedRuntime = new (scope: Pick<Scope, "kind" | "runtimeDir">) => OciRuntime;

const RUNTIMES: Readonly<Record<OciRuntimeName, NamedRuntime>> = { runc: Runc, crun: Crun };

/** The OCI runtime of a container in the scope, by the name in its record. */
export function ociRuntime(scope: Scope, name: OciRuntimeName): OciRuntime {
  return new RUNTIMES[name](scope);
}

/**
 * All OCI runtimes. Each has a state directory of its own, so what is to be removed of a container is found also where
 * its record is gone.
 */
export function ociRuntimes(scope: Scope): OciRuntime[] {
  return Object.values(RUNTIMES).map((each) => new each(scope));
}
