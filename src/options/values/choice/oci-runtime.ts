import { OCI_RUNTIMES, type OciRuntimeName } from "../../../oci-runtimes.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "../check.ts";

/**
 * `Runtime=`: the program that makes the container, by its name. Podman takes a path too; berth finds programs itself.
 */
export function parseOciRuntime(text: string): Parsed<OciRuntimeName> {
  const name = OCI_RUNTIMES.find((word) => word === text);
  if (name !== undefined) return valid(name);
  if (isDeferred(text)) return DEFERRED;
  const named = OCI_RUNTIMES.find((word) => text.endsWith(`/${word}`));
  const hint = named === undefined ? OCI_RUNTIMES.join(" or ") : `write ${named}: berth finds the program itself`;
  return invalid("bad-runtime", `${quoted(text)} is no OCI runtime that berth knows`, { hint });
}
