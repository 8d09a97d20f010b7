/**
 * Bytes to text and back without loss. Text is UTF-8; a byte that is not part of valid UTF-8 becomes the lone low
 * surrogate U+DC00 + byte (Python's "surrogateescape"), which no valid UTF-8 decodes to, so the way back is
 * unambiguous.
 */

const ESCAPED_BYTE = 0xdc00;
/** In unicode mode a proper pair is one code point, so only lone halves match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Decodes UTF-8; never throws. A byte-order mark is kept as U+FEFF, an invalid byte B becomes U+DC00 + B. */
export function decodeText(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  // A U+FFFD is either a replaced byte or literal; only the slow way can distinguish them.
  return text.includes("\ufffd") ? decodeWithEscapes(bytes) : text;
}

/** The inverse of {@link decodeText}: the same bytes again. */
export function encodeText(text: string): Uint8Array {
  if (!/[\ud800-\udfff]/.test(text) || !LONE_SURROGATE.test(text)) return new TextEncoder().encode(text);
  const out = new Uint8Array(text.length * 3);
  const encoder = new TextEncoder();
  let written = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isHigh(unit) && isLow(text.charCodeAt(at + 1))) {
      at++;
    } else if (isEscapedByte(unit)) {
      if (from < at) written += encoder.encodeInto(text.slice(from, at), out.subarray(written)).written;
      out[written++] = unit - ESCAPED_BYTE;
      from = at + 1;
    }
  }
  written += encoder.encodeInto(text.slice(from), out.subarray(written)).written;
  return out.slice(0, written);
}

/** Whether this UTF-16 unit, if it is not the second half of a pair, stands for a byte that was not UTF-8. */
export function isEscapedByte(unit: number): boolean {
  return unit >= ESCAPED_BYTE + 0x80 && unit <= ESCAPED_BYTE + 0xff;
}

/** Number of Unicode code points in text[from, to), which people count as columns. */
export function countCodePoints(text: string, from: number, to: number): number {
  let count = to - from;
  for (let at = from; at < to - 1; at++) {
    const unit = text.charCodeAt(at);
    if (isHigh(unit) && isLow(text.charCodeAt(at + 1))) {
      count--;
      at++;
    }
  }
  return count;
}

/** The offset, moved back to the start of its code point. */
export function codePointStart(text: string, offset: number): number {
  return isLow(text.charCodeAt(offset)) && isHigh(text.charCodeAt(offset - 1)) ? offset - 1 : offset;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function decodeWithEscapes(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parts: string[] = [];
  let from = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    if (from < at) parts.push(decoder.decode(bytes.subarray(from, at)));
    parts.push(String.fromCharCode(ESCAPED_BYTE + (bytes[at] ?? 0)));
    at++;
    from = at;
  }
  if (from < at) parts.push(decoder.decode(bytes.subarray(from, at)));
  return parts.join("");
}

/** Well-formed UTF-8 of more than one byte (Unicode standard, table 3-7); bytes after the second are tails. */
const SEQUENCES = [
  { first: [0xc2, 0xdf], second: [0x80, 0xbf], length: 2 },
  { first: [0xe0, 0xe0], second: [0xa0, 0xbf], length: 3 },
  { first: [0xe1, 0xec], second: [0x80, 0xbf], length: 3 },
  { first: [0xed, 0xed], second: [0x80, 0x9f], length: 3 },
  { first: [0xee, 0xef], second: [0x80, 0xbf], length: 3 },
  { first: [0xf0, 0xf0], second: [0x90, 0xbf], length: 4 },
  { first: [0xf1, 0xf3], second: [0x80, 0xbf], length: 4 },
  { first: [0xf4, 0xf4], second: [0x80, 0x8f], length: 4 },
] as const;

/** Length of the well-formed UTF-8 sequence at `at`, or 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const sequence = SEQUENCES.find((row) => first >= row.first[0] && first <= row.first[1]);
  if (sequence === undefined) return 0;
  const [low, high] = sequence.second;
  const second = bytes[at + 1] ?? 0;
  const tails = bytes.subarray(at + 2, at + sequence.length);
  const whole = tails.length === sequence.length - 2 && tails.every(isTail);
  return second >= low && second <= high && whole ? sequence.length : 0;
}

function isTail(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}
