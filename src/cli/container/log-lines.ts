import type { OutputEntry } from "../../runtime/systemd/journal.ts";

/** A line that grows beyond this is shown as far as it is: bytes. */
const LINE_MAX = 16 * 1024 * 1024;

/** One line of a payload, without its end. */
export interface LogLine {
  /** Microseconds since 1970, of its beginning. */
  readonly time: bigint;
  readonly text: Uint8Array;
}

/** Puts lines together that journald has split: the pieces of one have their stream in common. */
export class LineJoiner {
  /** By stream. */
  readonly #open = new Map<string, { time: bigint; pieces: Uint8Array[]; length: number }>();

  /** The line that an entry completes; undefined if it goes on. */
  add({ stream, time, message, goesOn }: OutputEntry): LogLine | undefined {
    const line = this.#open.get(stream) ?? { time, pieces: [], length: 0 };
    line.pieces.push(message);
    line.length += message.length;
    if (goesOn && stream !== "" && line.length < LINE_MAX) {
      this.#open.set(stream, line);
      return undefined;
    }
    this.#open.delete(stream);
    return { time: line.time, text: Buffer.concat(line.pieces) };
  }

  /** The lines whose ends never came, in order. */
  rest(): LogLine[] {
    const lines = [...this.#open.values()].map(({ time, pieces }) => ({ time, text: Buffer.concat(pieces) }));
    this.#open.clear();
    return lines;
  }
}

/** A line as it is printed: with `timestamps` its time stands before it, in UTC (RFC 3339). */
export function formatLine({ time, text }: LogLine, timestamps: boolean): Uint8Array {
  const end = Buffer.from("\n");
  if (!timestamps) return Buffer.concat([text, end]);
  const seconds = new Date(Number(time / 1000n)).toISOString().slice(0, 19);
  return Buffer.concat([Buffer.from(`${seconds}.${String(time % 1_000_000n).padStart(6, "0")}Z `), text, end]);
}
