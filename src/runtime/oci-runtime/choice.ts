import type { Scope } from "../../scope.ts";
import type { OciRuntime } from "./oci-runtime.ts";
import { Runc } from "./runc.ts";

/** The OCI runtime of a scope's containers. */
export function ociRuntime(scope: Scope): OciRuntime {
  return new Runc(scope);
}
