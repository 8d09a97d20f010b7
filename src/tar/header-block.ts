import { TarError } from "./error.ts";

/** The size of a tar block in bytes. */
export const BLOCK = 512;

/** What tar-stream does not read, or reads otherwise than Go's archive/tar. */
export interface HeaderFacts {
  /** Bytes of data. */
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
  /** The type flag of archives older than POSIX: a file, or by its name a folder. */
  readonly isOld: boolean;
}

/** Offset and width of the numbers in a header (POSIX.1 pax, "ustar Interchange Format"). */
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
const CHECKSUM = 148;
/** "N" of GNU tar before 1990. */
const OLD_LONG_NAME = 0x4e;
const MAGIC = { at: 257, ustar: "ustar\0", gnu: "ustar  \0" } as const;
const INT64_MAX = 2n ** 63n - 1n;
const BYTES_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a header's numbers, as Go does. Throws TarError `malformed`, also for what is no header at all. */
export function readHeaderBlock(block: Buffer): HeaderFacts {
  const read = (name: string, [at, width]: readonly [number, number]): bigint => {
    const value = parseNumber(block.subarray(at, at + width));
    if (value === undefined) throw new TarError("malformed", `its header's ${name} is no number`);
    return value;
  };
  if (parseNumber(block.subarray(CHECKSUM, CHECKSUM + 8)) !== BigInt(checksum(block)))
    throw new TarError("malformed", "it is no tar archive, or a damaged one");
  // tar-stream takes it for a long name of the next member, as no other program does.
  if (block[TYPE_FLAG] === OLD_LONG_NAME) throw new TarError("malformed", "a header's type is not supported (N)");
  const { mode, uid, gid, size, mtime } = NUMBERS;
  read("time", mtime);
  const bytes = read("size", size);
  if (bytes < 0n || bytes > BYTES_MAX) throw new TarError("malformed", "its header's size is out of range");
  const hasDevice = hasMagic(block);
  return {
    size: Number(bytes),
    mode: Number(read("mode", mode) & 0xffff_ffffn),
    uid: Number(read("uid", uid)),
    gid: Number(read("gid", gid)),
    major: hasDevice ? Number(read("device number", DEVICE_NUMBERS.major)) : 0,
    minor: hasDevice ? Number(read("device number", DEVICE_NUMBERS.minor)) : 0,
    isOld: block[TYPE_FLAG] === 0,
  };
}

/**
 * The header with its size in a form that tar-stream reads (it takes GNU's for a number only where the first byte is
 * 0x80 or 0xff), and otherwise the same.
 */
export function withPlainSize(block: Buffer, size: number): Buffer {
  const [at, width] = NUMBERS.size;
  if (((block[at] ?? 0) & 0x80) === 0) return block;
  const plain = Buffer.from(block);
  plain.fill(0, at, at + width);
  plain[at] = 0x80;
  plain.writeBigUInt64BE(BigInt(size), at + width - 8);
  plain.write(`${checksum(plain).toString(8).padStart(6, "0")}\0 `, CHECKSUM, "latin1");
  return plain;
}

/** The sum of a header's bytes, those of the checksum itself counted as blanks. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < CHECKSUM || at >= CHECKSUM + 8) sum += block[at] ?? 0;
  return sum;
}

export function isEmptyBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function hasMagic(block: Buffer): boolean {
  const magic = block.toString("latin1", MAGIC.at, MAGIC.at + MAGIC.gnu.length);
  return magic.startsWith(MAGIC.ustar) || magic === MAGIC.gnu;
}

/**
 * A number in octal digits between blanks or NULs; or, marked by the highest bit, in two's complement (GNU tar).
 * Undefined for anything else, and for what 64 bits do not hold.
 */
function parseNumber(field: Buffer): bigint | undefined {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    // The mark is no part of the number; the bit below it is the sign.
    const digits = Buffer.from(field);
    digits[0] = first & 0x7f;
    const bits = field.length * 8 - 1;
    const value = BigInt.asIntN(bits, BigInt(`0x${digits.toString("hex")}`));
    return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
  }
  const [text = ""] = field
    .toString("latin1")
    .replace(/^[ \0]+|[ \0]+$/g, "")
    .split("\0");
  if (text === "") return 0n;
  return /^[0-7]+$/.test(text) ? BigInt(`0o${text}`) : undefined;
}
