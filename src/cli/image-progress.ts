import type { Digest } from "../image/digest.ts";
import type { ImageEvent, OnProgress } from "../image/progress.ts";
import type { CommandContext } from "./command.ts";

const BAR_WIDTH = 30;

/** Shows what a pull or a load is doing on stderr: one bar on a terminal, a line for each step elsewhere. */
export function showProgress(context: CommandContext): { readonly onProgress: OnProgress; done(): void } {
  return context.errIsTerminal ? bar(context) : lines(context);
}

function lines(context: CommandContext) {
  const onProgress = (event: ImageEvent): void => {
    const text = describeEvent(event);
    if (text !== undefined) context.err(`${text}\n`);
  };
  return { onProgress, done: () => {} };
}

/** One line for people; undefined for what happens too often to be told. */
export function describeEvent(event: ImageEvent): string | undefined {
  switch (event.kind) {
    case "manifest":
      return `${event.reference}: ${event.layers} ${event.layers === 1 ? "layer" : "layers"}`;
    case "layer-present":
      return `layer ${short(event.digest)}: already here`;
    case "layer-done":
      return `layer ${short(event.digest)}: ${formatBytes(event.size)} done`;
    case "retry":
      return `${event.what}: ${event.reason}; trying again in ${(event.delayMs / 1000).toFixed(1)} s`;
    case "layer-bytes":
    case "layer-writing":
      return undefined;
  }
}

function bar(context: CommandContext) {
  const layers = new Map<Digest, { received: number; size: number }>();
  let shown = "";
  const clear = (): void => {
    if (shown !== "") context.err("\r\x1b[K");
    shown = "";
  };
  const onProgress = (event: ImageEvent): void => {
    if (event.kind !== "layer-bytes") {
      clear();
      const text = describeEvent(event);
      if (text !== undefined) context.err(`${text}\n`);
      return;
    }
    layers.set(event.digest, event);
    const all = [...layers.values()];
    const received = all.reduce((sum, layer) => sum + layer.received, 0);
    const size = all.reduce((sum, layer) => sum + layer.size, 0);
    const filled = size === 0 ? BAR_WIDTH : Math.floor((received / size) * BAR_WIDTH);
    const line = `[${"#".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}] ${formatBytes(received)} of ${formatBytes(size)}`;
    if (line === shown) return;
    context.err(`\r${line}\x1b[K`);
    shown = line;
  };
  return { onProgress, done: clear };
}

const short = (digest: Digest): string => digest.slice("sha256:".length, "sha256:".length + 12);

const UNITS: readonly string[] = ["B", "kB", "MB", "GB", "TB"];

/** Decimal units as podman prints them: `183 MB`, `4.1 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}
