import type { OnProgress } from "../../image/progress.ts";
import { formatBytes } from "../output/format-bytes.ts";

/** Milliseconds between two lines of status while bytes arrive; systemd is notified of each. */
const STATUS_INTERVAL_MS = 500;

/** How much has to arrive for another extension of the start time-out (half a minute): bytes. */
const PROGRESS = 32 * 1024;

/** Where a unit's status goes: a line alone, or one that says that work goes on and more time is needed. */
export interface StatusReceiver {
  status(line: string): void;
  extendStart(line: string): void;
}

/**
 * Sums up a pull's events as lines for a unit's status, not too often, and hands them on to `next`. The unit's start
 * time-out is extended as long as enough bytes arrive; when the registry falls silent, or nearly so, it counts.
 */
export function pullStatus(image: string, receiver: StatusReceiver, next: OnProgress): OnProgress {
  const layers = new Map<string, { received: number; size: number }>();
  let last = Number.NEGATIVE_INFINITY;
  let extendedAt = 0;
  receiver.status(`Pulling ${image}`);
  const sum = (part: "received" | "size") => [...layers.values()].reduce((total, layer) => total + layer[part], 0);
  return (event) => {
    next(event);
    if (event.kind === "manifest")
      for (const { digest, size } of event.layers) layers.set(digest, { received: 0, size });
    else if (event.kind === "layer-present") layers.delete(event.digest);
    else if (event.kind === "layer-bytes") layers.set(event.digest, event);
    // A layer that is being written to the disk reports every few seconds: slow, but at work.
    if (event.kind !== "layer-bytes" && event.kind !== "layer-writing") return;
    const now = performance.now();
    if (now - last < STATUS_INTERVAL_MS) return;
    last = now;
    const received = sum("received");
    const line = `Pulling ${image}: ${formatBytes(received)} of ${formatBytes(sum("size"))}`;
    if (event.kind === "layer-bytes" && received < extendedAt + PROGRESS) return receiver.status(line);
    extendedAt = received;
    receiver.extendStart(line);
  };
}
