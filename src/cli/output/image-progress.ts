import type { ImageEvent, OnProgress } from "../../image/progress.ts";
import type { CommandContext } from "../program/command.ts";
import { formatBytes } from "./format-bytes.ts";
import { LayerBars, shortDigest } from "./layer-bars.ts";
import { plainText } from "./plain-text.ts";

/** The progress display of a pull or load. `done` must be called at its end, and may be called again. */
export interface ShownProgress {
  readonly onProgress: OnProgress;
  done(): void;
}

/**
 * Shows the progress of a pull or load on stderr: a bar for each layer on a terminal, a line for each step elsewhere.
 */
export function showProgress(context: CommandContext, quiet: boolean): ShownProgress {
  if (quiet) return { onProgress: () => {}, done: () => {} };
  const say = (event: ImageEvent): string => {
    const text = describeEvent(event);
    return text === undefined ? "" : `${plainText(text)}\n`;
  };
  if (context.errTerminal() === undefined) {
    return { onProgress: (event) => context.err(say(event)), done: () => {} };
  }
  const bars = new LayerBars({
    write: context.err,
    // A closed terminal has no size, and discards what is written.
    size: () => context.errTerminal() ?? { columns: 80, rows: 24 },
    now: () => performance.now(),
  });
  return {
    onProgress: (event) => {
      if (!bars.take(event)) bars.print(say(event));
    },
    done: () => bars.finish(),
  };
}

/** An event in one line; undefined for events that are too frequent. */
export function describeEvent(event: ImageEvent): string | undefined {
  switch (event.kind) {
    case "manifest":
      return `${event.reference}: ${event.layers.length} ${event.layers.length === 1 ? "layer" : "layers"}`;
    case "kept":
      return `${event.reference}: ${event.reason}; using the image in the store`;
    case "layer-present":
      return `layer ${shortDigest(event.digest)}: already here`;
    case "layer-done":
      return `layer ${shortDigest(event.digest)}: ${formatBytes(event.size)} done`;
    case "retry":
      return `${event.what}: ${event.reason}; trying again in ${(event.delayMs / 1000).toFixed(1)} s`;
    case "layer-bytes":
    case "layer-writing":
      return undefined;
  }
}
