import type { OnProgress } from "../image/progress.ts";
import { formatBytes } from "./format-bytes.ts";

/** A line of status this often at most while bytes arrive: milliseconds. systemd is told of each. */
const STATUS_INTERVAL_MS = 500;

/**
 * Sums up a pull's events as lines for a unit's status, not too often. Each line tells that something has been done, so
 * whoever gets it may extend the unit's start time-out; when the registry falls silent, so does this.
 */
export function pullStatus(image: string, tell: (line: string) => void): OnProgress {
  const layers = new Map<string, { received: number; size: number }>();
  let last = Number.NEGATIVE_INFINITY;
  tell(`Pulling ${image}`);
  const sum = (part: "received" | "size") => [...layers.values()].reduce((total, layer) => total + layer[part], 0);
  return (event) => {
    if (event.kind === "manifest")
      for (const { digest, size } of event.layers) layers.set(digest, { received: 0, size });
    else if (event.kind === "layer-present") layers.delete(event.digest);
    else if (event.kind === "layer-bytes") layers.set(event.digest, event);
    // A layer that is being brought to the disk is told of every few seconds: slow, but at work.
    if (event.kind !== "layer-bytes" && event.kind !== "layer-writing") return;
    const now = performance.now();
    if (now - last < STATUS_INTERVAL_MS) return;
    last = now;
    tell(`Pulling ${image}: ${formatBytes(sum("received"))} of ${formatBytes(sum("size"))}`);
  };
}
