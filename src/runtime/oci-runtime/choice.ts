import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { defaultRuntime } from "../../state/default-runtime.ts";
import { RuntimeError } from "../error.ts";
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
 * The OCI runtime to make a container with: the one that it names, or the default. What systemd does not let crun do in
 * a user's session, runc does. Throws "bad-request" where crun is named for that, and SystemError "bad-settings".
 */
export async function chooseRuntime(
  request: Pick<RunRequest, "runtime" | "unit" | "userNamespace">,
  scope: Scope,
  cgroup: string | undefined,
): Promise<OciRuntimeName> {
  const name = request.runtime ?? (await defaultRuntime(scope));
  if (name !== "crun" || !needsForeignScope(request, scope, cgroup)) return name;
  if (request.runtime === undefined) return "runc";
  const why =
    "systemd gives crun no scope for a user namespace of the container's own, asked from outside of the user's";
  throw new RuntimeError("bad-request", `${why} manager: use --runtime runc, or --detach`);
}

/**
 * Whether a scope in the user's manager is wanted for a process that is outside of it and that has another uid than the
 * user's. The manager leaves moving it to the system's, which moves only processes of the user's. runc's process has
 * that uid still when it asks, crun's has taken that of the container's root.
 */
function needsForeignScope(
  { unit, userNamespace }: Pick<RunRequest, "unit" | "userNamespace">,
  { kind, uid }: Scope,
  cgroup: string | undefined,
): boolean {
  return (
    kind === "user" &&
    unit === undefined &&
    userNamespace.mode !== "host" &&
    cgroup?.includes(`/user@${uid}.service/`) !== true
  );
}

/**
 * All OCI runtimes. Each has a state directory of its own, so what is to be removed of a container is found also where
 * its record is gone.
 */
export function ociRuntimes(scope: Scope): OciRuntime[] {
  return Object.values(RUNTIMES).map((each) => new each(scope));
}
