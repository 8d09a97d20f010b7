import { ImageError } from "../error.ts";
import { digestOf } from "./digest.ts";
import { CONFIG_MAX, type Descriptor } from "./manifest.ts";

/** Compares bytes in memory with what was promised. Throws ImageError `size-mismatch`, `digest-mismatch`. */
export function checkBlob(what: string, bytes: Uint8Array, promised: Pick<Descriptor, "digest" | "size">): void {
  if (bytes.length !== promised.size) {
    const facts = { expected: promised.size, got: bytes.length };
    throw new ImageError(
      "size-mismatch",
      `${what} ${promised.digest}: expected ${promised.size} bytes, got ${bytes.length}`,
      facts,
    );
  }
  const digest = digestOf(bytes);
  if (digest !== promised.digest) {
    throw new ImageError("digest-mismatch", `the ${what} should be ${promised.digest} but is ${digest}`);
  }
}

/**
 * A configuration, whole and checked. Reads no more than one piece beyond the promised size. Throws ImageError
 * `too-large`, `size-mismatch`, `digest-mismatch`, and what the bytes' source throws.
 */
export async function readConfig(config: Descriptor, open: () => AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (config.size > CONFIG_MAX)
    throw new ImageError("too-large", `the configuration is longer than ${CONFIG_MAX} bytes`);
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of open()) {
    chunks.push(chunk);
    received += chunk.length;
    if (received > config.size) break;
  }
  const bytes = Buffer.concat(chunks);
  checkBlob("configuration", bytes, config);
  return bytes;
}
