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

/** The shortest time between two redraws, in milliseconds. Events between them show in the next one. */
const REDRAW_MS = 100;
const DIGEST_WIDTH = 12;
const BAR_MAX = 40;
/** `123 MB / 456 MB` */
const COUNT_WIDTH = 17;
/** The shortest useful bar, in columns. */
const BAR_MIN = 8;

/**
 * A bar for each layer of an image, redrawn in place. Lines never exceed the terminal's height and width, as wrapped or
 * scrolled lines could not be overwritten.
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

  /** Draws the event. Returns false for one that is not about a layer, which is for `print`. */
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

  /** Prints a line above the bars. */
  print(text: string): void {
    if (text === "") return;
    this.#screen.write(`${this.#erase()}${text}`);
    this.#draw();
  }

  /** Draws the final state of all layers. */
  finish(): void {
    if (this.#heading === "") return;
    this.#draw();
    this.#heading = "";
    this.#drawn = 0;
    this.#layers.clear();
  }

  /** An image may have the same blob twice; it has one line. */
  #change(digest: Digest, state: Layer["state"], received: number, atOnce: boolean): boolean {
    const layer = this.#layers.get(digest);
    // The second of two equal layers is already there.
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

  /** Moves to the start of the first drawn line and clears all of them; the terminal itself may have echoed a key. */
  #erase(): string {
    const back = this.#drawn === 0 ? "" : `\r\x1b[${this.#drawn}A\x1b[J`;
    this.#drawn = 0;
    return back;
  }

  /** The layers that fit: active ones first, then a line for the rest. */
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

  /** The last column stays free, as a terminal may wrap at once when it is used. */
  #cut(text: string): string {
    return text.slice(0, Math.max(1, this.#screen.size().columns - 1));
  }
}

/** The short form of a digest. */
export function shortDigest(digest: Digest): string {
  return digest.slice("sha256:".length, "sha256:".length + DIGEST_WIDTH);
}
