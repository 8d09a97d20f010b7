import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NetworkRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import { findContainer } from "../../state/find-container.ts";
import { runningPayloadPid } from "../../state/liveness.ts";
import { containerPaths } from "../../state/paths.ts";
import { readIfThere } from "../../system/files.ts";
import { RuntimeError } from "../error.ts";

/** The network namespace of another container, or one that exists at a path, for a container to join. */
export interface JoinedNetwork {
  /** undefined for the host's. */
  readonly path: string | undefined;
  /** The other container's files, of which this one gets a copy; undefined for each that it does not have. */
  readonly hosts: string | undefined;
  readonly resolvConf: string | undefined;
}

/**
 * The namespace of `--network container:NAME` or `ns:PATH`; undefined for every other network. Throws
 * "no-such-container" if the container does not run, "network" if the path does not exist.
 */
export function joinNetwork(scope: Scope, network: NetworkRequest): JoinedNetwork | undefined {
  if (network.mode === "namespace") {
    if (!existsSync(network.path)) throw new RuntimeError("network", `there is no network namespace ${network.path}`);
    return { path: network.path, hosts: undefined, resolvConf: undefined };
  }
  if (network.mode !== "container") return undefined;
  const other = findContainer(scope, network.name);
  const pid = runningPayloadPid(scope, other);
  const { bundle } = containerPaths(scope, other.id);
  return {
    path: other.network.mode === "host" ? undefined : `/proc/${pid}/ns/net`,
    hosts: readIfThere(join(bundle, "hosts")),
    resolvConf: readIfThere(join(bundle, "resolv.conf")),
  };
}
