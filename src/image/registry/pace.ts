import type { Readable } from "node:stream";
import { ImageError } from "../error.ts";

/** The slowest transfer that is waited for: bytes in a millisecond, about a kilobyte in a second. */
const SLOWEST = 1.024;

/**
 * The body's bytes, as long as enough of them arrive: in each `windowMs` of waiting (the reader's own time does not
 * count) about a kilobyte a second. A server that sends a byte now and then, or chunks without any, would otherwise
 * hold a pull for ever. Ends with ImageError `stalled`.
 */
export async function* atLeastSlowly(body: Readable, windowMs: number, what: string): AsyncGenerator<Uint8Array> {
  const enough = windowMs * SLOWEST;
  const tooSlow = () => body.destroy(new ImageError("stalled", `${what}: the server has gone silent, or nearly so`));
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  let left = windowMs;
  let received = 0;
  try {
    for (;;) {
      const from = performance.now();
      const timer = setTimeout(tooSlow, left);
      const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
      if (done) return;
      received += value.length;
      left = Math.max(0, left - (performance.now() - from));
      if (received >= enough) {
        received = 0;
        left = windowMs;
      }
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}
