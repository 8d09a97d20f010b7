import { TarError } from "./error.ts";

/** A stretch of a sparse file that has data, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The layout of a sparse file's data (GNU tar manual, "Storing Sparse Files", pax formats 0.0, 0.1 and 1.0). */
export interface SparseMap {
  /** Size of the file with its holes. */
  readonly size: number;
  /** The file's real name, if the member's name is a placeholder. */
  readonly name?: string;
  /** Undefined in format 1.0, where the map precedes the data. */
  readonly extents: readonly Extent[] | undefined;
}

const EXTENTS_MAX = 100_000;

/** The sparse map in a member's extended header; undefined for an ordinary file. Throws TarError `hostile`. */
export function parseSparseMap(pax: readonly (readonly [string, string])[]): SparseMap | undefined {
  const last = new Map(pax);
  const name = last.get("GNU.sparse.name");
  const named = name === undefined ? {} : { name };
  if (last.get("GNU.sparse.major") === "1" && last.get("GNU.sparse.minor") === "0") {
    return { size: number(last.get("GNU.sparse.realsize")), extents: undefined, ...named };
  }
  const size = last.get("GNU.sparse.size");
  if (size === undefined) return undefined;
  const numbers = (last.get("GNU.sparse.map")?.split(",") ?? separateRecords(pax)).map(number);
  return { size: number(size), extents: toExtents(numbers, number(size)), ...named };
}

/** Format 0.0 alternates the two keys. */
function separateRecords(pax: readonly (readonly [string, string])[]): string[] {
  return pax.filter(([key]) => key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes").map(([, value]) => value);
}

function number(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw new TarError("hostile", "its sparse map is malformed");
  return Number(text);
}

function toExtents(numbers: readonly number[], size: number): Extent[] {
  const refuse = (why: string): never => {
    throw new TarError("hostile", `its sparse map ${why}`);
  };
  if (numbers.length % 2 !== 0) return refuse("is malformed");
  if (numbers.length > 2 * EXTENTS_MAX) return refuse(`has more than ${EXTENTS_MAX} extents`);
  const extents: Extent[] = [];
  let end = 0;
  for (let at = 0; at < numbers.length; at += 2) {
    const [offset = 0, length = 0] = numbers.slice(at, at + 2);
    if (offset < end || offset + length > size) return refuse("overlaps or exceeds the file");
    extents.push({ offset, length });
    end = offset + length;
  }
  return extents;
}

/** Writes a sparse file's data at the offsets in its map. Throws TarError `hostile`. */
export class SparseWriter {
  #extents: readonly Extent[] | undefined;
  #mapText = Buffer.alloc(0);
  #current = 0;
  #written = 0;

  constructor(
    private readonly map: SparseMap,
    /** Writes all of the bytes at the offset. */
    private readonly write: (bytes: Buffer, offset: number) => void,
  ) {
    this.#extents = map.extents;
  }

  data(chunk: Buffer): void {
    const rest = this.#extents === undefined ? this.#readMap(chunk) : chunk;
    for (let at = 0; at < rest.length; ) {
      const extent = this.#extents?.[this.#current];
      if (extent === undefined) throw new TarError("hostile", "it has more data than its sparse map");
      const length = Math.min(rest.length - at, extent.length - this.#written);
      if (length > 0) this.write(rest.subarray(at, at + length), extent.offset + this.#written);
      this.#written += length;
      at += length;
      if (this.#written === extent.length) {
        this.#current += 1;
        this.#written = 0;
      }
    }
  }

  /** Ends the data. Returns the file's full size, holes included. */
  end(): number {
    const missing = this.#extents?.slice(this.#current).some((extent) => extent.length > 0);
    if (this.#extents === undefined || missing) throw new TarError("hostile", "it has less data than its sparse map");
    return this.map.size;
  }

  /** Format 1.0: decimal numbers, one a line, the count first, padded with NULs to a multiple of 512 bytes. */
  #readMap(chunk: Buffer): Buffer {
    this.#mapText = Buffer.concat([this.#mapText, chunk]);
    let at = 0;
    const next = (): number | undefined => {
      const end = this.#mapText.indexOf(0x0a, at);
      if (end < 0) return undefined;
      const value = number(this.#mapText.toString("latin1", at, end));
      at = end + 1;
      return value;
    };
    const count = next();
    if (count === undefined) return this.#needMore();
    if (count > EXTENTS_MAX) throw new TarError("hostile", `its sparse map has more than ${EXTENTS_MAX} extents`);
    const numbers: number[] = [];
    for (let left = 2 * count; left > 0; left--) {
      const value = next();
      if (value === undefined) return this.#needMore();
      numbers.push(value);
    }
    const padded = Math.ceil(at / 512) * 512;
    if (this.#mapText.length < padded) return this.#needMore();
    this.#extents = toExtents(numbers, this.map.size);
    const rest = this.#mapText.subarray(padded);
    this.#mapText = Buffer.alloc(0);
    return rest;
  }

  #needMore(): Buffer {
    if (this.#mapText.length > 40 * EXTENTS_MAX) throw new TarError("hostile", "its sparse map is too long");
    return Buffer.alloc(0);
  }
}
