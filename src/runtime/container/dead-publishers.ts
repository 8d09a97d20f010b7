import type { PortMapping } from "../../options/values/port.ts";
import type { Scope } from "../../scope.ts";
import { readRecord } from "../../state/container-record.ts";
import { isContainerAlive } from "../../state/liveness.ts";
import { listPublishers } from "../network/connect/connection-record.ts";
import { portsCollide } from "../network/connect/published-ports.ts";
import { cleanUp } from "./cleanup.ts";

/**
 * Cleans up after containers that have ended without that (their cleanup was killed), and still publish one of the
 * ports: a container that does not run takes no port away from another.
 */
export async function cleanUpPublishers(scope: Scope, ports: readonly PortMapping[], id: string): Promise<void> {
  for (const { owner, ports: theirs } of listPublishers(scope)) {
    if (owner === id || !ports.some((port) => theirs.some((other) => portsCollide(port, other)))) continue;
    const record = readRecord(scope, owner);
    if (record !== undefined && !isContainerAlive(scope, record)) await cleanUp(scope, owner, "at-once");
  }
}
