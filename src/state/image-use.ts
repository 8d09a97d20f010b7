import type { Scope } from "../scope.ts";
import { listContainerIds, readSoundRecord } from "./container-record.ts";

/** An image that a container has mounted, as its root or beside it. */
export interface ContainerUse {
  readonly container: string;
  /** diffIDs, lowest first. */
  readonly layers: readonly string[];
}

/**
 * The images that the containers of a scope have mounted. Throws "corrupt-record" and "newer-record": without the
 * record, the layers of a running container might be removed.
 */
export function readContainerUse(scope: Scope): ContainerUse[] {
  return listContainerIds(scope).flatMap((id) => {
    const record = readSoundRecord(scope, id);
    if (record === undefined) return [];
    return [record.imageLayers, ...(record.otherImages ?? [])].map((layers) => ({ container: record.name, layers }));
  });
}
