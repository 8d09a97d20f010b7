import type { Digest } from "../../image/document/digest.ts";
import type { ImageEvent } from "../../image/progress.ts";
import { formatBytes } from "./format-bytes.ts";

/** A terminal to draw on, and the time in milliseconds. */
export interface Screen {
  write(text: string): void;
  size(): { readonly columns: number; readonly rows: number };
  now(): number;
}

interface Layer {
  readonly size: number;
  received: number;
  state: "waiting" | "arriving" | "writing" | "done" | "present";
}

/** A redraw this often at most: milliseconds. What comes between two redraws is in the next one. */
const REDRAW_MS = 100;
const DIGEST_WIDTH = 12;
const BAR_MAX = 40;
/** `123 MB / 456 MB` */
const COUNT_WIDTH = 17;
/** A bar shorter than this says nothing. */
const BAR_MIN = 8;

/**
 * A line with a bar for each layer of an image, redrawn in place. Never more lines than the terminal has, none longer
 * than it is wide: a line that is wrapped or scrolled away could not be drawn over.
 */
export class LayerBars {
  readonly #layers = new Map<Digest, Layer>();
  readonly #screen: Screen;
  #heading = "";
  #drawn = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Draws what the event changes. False for an event that is not about a layer: it is for `print`. */
  take(event: ImageEvent): boolean {
    switch (event.kind) {
      case "manifest":
        this.finish();
        this.#heading = event.reference;
        for (const { digest, size } of event.layers) {
          this.#layers.set(digest, { size, received: 0, state: "waiting" });
        }
        this.#screen.write(`${this.#cut(event.reference)}\n`);
        this.#draw();
        return true;
      case "layer-bytes":
        return this.#change(event.digest, "arriving", event.received, false);
      case "layer-writing":
        return this.#change(event.digest, "writing", event.size, true);
      case "layer-done":
        return this.#change(event.digest, "done", event.size, true);
      case "layer-present":
        return this.#change(event.digest, "present", event.size, true);
      default:
        return false;
    }
  }

  /** Puts a line above the bars. */
  print(text: string): void {
    if (text === "") return;
    this.#screen.write(`${this.#erase()}${text}`);
    this.#draw();
  }

  /** Draws all layers as they are, and leaves them standing. */
  finish(): void {
    if (this.#heading === "") return;
    this.#draw();
    this.#heading = "";
    this.#drawn = 0;
    this.#layers.clear();
  }

  /** The same blob may be there twice in an image; it is one line. */
  #change(digest: Digest, state: Layer["state"], received: number, atOnce: boolean): boolean {
    const layer = this.#layers.get(digest);
    // A twin finds what the first one has brought.
    if (layer === undefined || (layer.state === "done" && state === "present")) return true;
    const same = layer.state === state;
    layer.state = state;
    layer.received = received;
    if ((atOnce && !same) || this.#screen.now() - this.#last >= REDRAW_MS) this.#draw();
    return true;
  }

  #draw(): void {
    if (this.#heading === "") return;
    this.#last = this.#screen.now();
    const lines = this.#lines();
    this.#screen.write(`${this.#erase()}${lines.map((line) => `${line}\n`).join("")}`);
    this.#drawn = lines.length;
  }

  /** Back to the first of the lines that stand, with all of them wiped. */
  #erase(): string {
    const back = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\x1b[J`;
    this.#drawn = 0;
    return back;
  }

  /** As many as there is room for: those that are being worked on first, then a line for the rest. */
  #lines(): string[] {
    const all = [...this.#layers];
    const room = Math.max(1, this.#screen.size().rows - 2);
    if (all.length <= room) return all.map(([digest, layer]) => this.#line(digest, layer));
    const busy = all.filter(([, { state }]) => state === "arriving" || state === "writing").slice(0, room - 1);
    const finished = all.filter(([, { state }]) => state === "done" || state === "present").length;
    const rest = this.#cut(`${finished} of ${all.length} layers done`);
    return [...busy.map(([digest, layer]) => this.#line(digest, layer)), rest];
  }

  #line(digest: Digest, layer: Layer): string {
    const name = shortDigest(digest).padEnd(DIGEST_WIDTH);
    switch (layer.state) {
      case "waiting":
        return this.#cut(`${name}  waiting`);
      case "present":
        return this.#cut(`${name}  already here`);
      case "done":
        return this.#cut(`${name}  ${formatBytes(layer.size)}, done`);
      case "writing":
        return this.#cut(`${name}  ${formatBytes(layer.size)}, writing`);
      case "arriving": {
        const count = `${formatBytes(layer.received)} / ${formatBytes(layer.size)}`;
        const room = this.#screen.size().columns - 1 - DIGEST_WIDTH - COUNT_WIDTH - 6;
        const width = Math.min(BAR_MAX, room);
        if (width < BAR_MIN) return this.#cut(`${name}  ${count}`);
        const filled = layer.size === 0 ? width : Math.floor((layer.received / layer.size) * width);
        return this.#cut(`${name}  [${"#".repeat(filled)}${" ".repeat(width - filled)}]  ${count}`);
      }
    }
  }

  /** The last column stays free: a terminal may already wrap when it is taken. */
  #cut(text: string): string {
    return text.slice(0, Math.max(1, this.#screen.size().columns - 1));
  }
}

/** The digits of a digest by which people know a layer. */
export function shortDigest(digest: Digest): string {
  return digest.slice("sha256:".length, "sha256:".length + DIGEST_WIDTH);
}
