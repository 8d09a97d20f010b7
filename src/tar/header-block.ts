import { TarError } from "./error.ts";

/** The size of a tar block in bytes. */
export const BLOCK = 512;

/** What a header says in numbers: tar-stream does not read all of their forms, and some otherwise than Go. */
export interface HeaderNumbers {
  /** Bytes of data, as the header says: archives older than POSIX give a link its target's size. */
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /** The type flag of archives older than POSIX: a file, or by its name a folder. */
  readonly isOld: boolean;
}

/** Offset and width of a header's numbers (POSIX.1 pax, "ustar Interchange Format"). */
const CHECKSUM = [148, 8] as const;
const NUMBERS = {
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
} as const;
/** In v7 archives, whatever stands there is no number. */
const DEVICE_NUMBERS = { major: [329, 8], minor: [337, 8] } as const;
const TYPE_FLAG = 156;
/** "N" of GNU tar before 1990: tar-stream takes it for a long name, as no other program does. */
const OLD_LONG_NAME = 0x4e;
const MAGIC = { at: 257, ustar: "ustar\0", gnu: "ustar  \0" } as const;
const INT64_MAX = 2n ** 63n - 1n;

type Field = readonly [at: number, width: number];

/** Reads a header's numbers as Go does. Throws TarError `malformed`, also for what is no header at all. */
export function readHeaderBlock(block: Buffer): HeaderNumbers {
  if (parseOctal(block, CHECKSUM) !== checksum(block))
    throw new TarError("malformed", "it is no tar archive, or a damaged one");
  const flag = block[TYPE_FLAG] ?? 0;
  if (flag === OLD_LONG_NAME) throw new TarError("malformed", "a header's type is not supported (N)");
  const read = (name: string, field: Field): number => {
    const value = parseNumber(block, field);
    if (value === undefined) throw new TarError("malformed", `its header's ${name} is no number`);
    return value;
  };
  const { mode, uid, gid, size, mtime } = NUMBERS;
  const time = read("time", mtime);
  const bytes = read("size", size);
  if (bytes < 0 || bytes > Number.MAX_SAFE_INTEGER)
    throw new TarError("malformed", "its header's size is out of range");
  const magic = block.toString("latin1", MAGIC.at, MAGIC.at + MAGIC.gnu.length);
  const hasDevice = magic.startsWith(MAGIC.ustar) || magic === MAGIC.gnu;
  return {
    size: bytes,
    mode: read("mode", mode) >>> 0,
    uid: read("uid", uid),
    gid: read("gid", gid),
    mtime: time,
    major: hasDevice ? read("device number", DEVICE_NUMBERS.major) : 0,
    minor: hasDevice ? read("device number", DEVICE_NUMBERS.minor) : 0,
    isOld: flag === 0,
  };
}

/** The sum of a header's bytes, those of the checksum itself counted as blanks. */
function checksum(block: Buffer): number {
  const [from, width] = CHECKSUM;
  let sum = width * 0x20;
  for (let at = 0; at < from; at++) sum += block[at] ?? 0;
  for (let at = from + width; at < BLOCK; at++) sum += block[at] ?? 0;
  return sum;
}

export function isEmptyBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * A number in octal digits between blanks or NULs; or, marked by the highest bit, in two's complement (GNU tar).
 * Rounded beyond 2^53; undefined for anything else, and for what 64 bits do not hold.
 */
function parseNumber(block: Buffer, field: Field): number | undefined {
  const [at, width] = field;
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) return parseOctal(block, field);
  // The mark is no part of the number; the bit below it is the sign.
  const digits = Buffer.from(block.subarray(at, at + width));
  digits[0] = first & 0x7f;
  const value = BigInt.asIntN(width * 8 - 1, BigInt(`0x${digits.toString("hex")}`));
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : Number(value);
}

function parseOctal(block: Buffer, [start, width]: Field): number | undefined {
  const isBlank = (byte = 0): boolean => byte === 0x20 || byte === 0;
  let [at, end] = [start, start + width];
  while (at < end && isBlank(block[at])) at++;
  while (end > at && isBlank(block[end - 1])) end--;
  let value = 0;
  for (; at < end && block[at] !== 0; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}
