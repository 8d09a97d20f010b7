import { TarError } from "./error.ts";
import { checkExtendedSize, ExtendedHeaders, isExtended, type PaxRecords } from "./extended-header.ts";
import { BLOCK, type HeaderNumbers, isEmptyBlock, readHeaderBlock } from "./header-block.ts";
import { type DecodedHeader, type ExtendedType, HeaderDecoder, type MemberType } from "./header-decoder.ts";

/**
 * An archive member. All text is latin1, one character a byte, because names, link targets and extended attributes
 * in a layer are bytes and need not be UTF-8.
 */
export interface TarMember {
  readonly type: MemberType;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data in the archive. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /**
   * Extended header records, in order; a key may occur twice (sparse format 0.0 needs it). An empty value of a header's
   * own field leaves that as it is.
   */
  readonly pax: PaxRecords;
}

/** Receives the members in order. `data` may be called many times; `begin` may return a promise, which is awaited. */
export interface TarSink {
  begin(member: TarMember): void | Promise<void>;
  /** The bytes are the reader's again when the call returns. */
  data(chunk: Buffer): void;
  end(): void;
}

/** Types of members without data, whatever their size field says: old archives give a link its target's size. */
const WITHOUT_DATA: readonly MemberType[] = [
  ...(["link", "symlink", "character-device", "block-device", "directory", "fifo"] as const),
];

/** What the next bytes are. "rest" belongs to a member but is no data: what fills up the last block, mostly. */
type State = "header" | "extended" | "data" | "rest" | "end";

/**
 * Reads a tar archive (ustar, pax, GNU, v7) that is written to it in pieces of any size, exactly as Go's archive/tar
 * reads it, and with it podman, umoci and every registry scanner, so that a layer is never one thing there and another
 * here. Two empty blocks end the archive, whatever follows; one alone among its members is an error. Data goes through
 * without being copied, and without a turn of the event loop for each member.
 */
export class TarReader {
  readonly #decoder = new HeaderDecoder();
  readonly #extended = new ExtendedHeaders();
  #state: State = "header";
  /** Bytes until the end of the state. */
  #left = BLOCK;
  /** Bytes of rest after the data. */
  #rest = 0;
  /** The beginning of a header or of an extended one that lies in several pieces. */
  #parts: Buffer[] = [];
  #extendedType: ExtendedType = "pax-global-header";
  #emptyBlocks = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(private readonly sink: TarSink) {}

  /**
   * Resolves when the piece has been read and may be used again. Rejects with a TarError, or with what the sink threw.
   */
  async write(piece: Uint8Array): Promise<void> {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    this.#check();
    try {
      for (let at = 0; at < bytes.length && this.#state !== "end"; ) {
        const part = bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        const begun = this.#take(part);
        if (begun !== undefined) {
          await begun;
          this.#check();
        }
        if (this.#state === "data" && this.#left === 0) {
          this.sink.end();
          this.#expect("rest", this.#rest);
        }
      }
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  /** The archive is over. Throws TarError `malformed` if it stops in the middle of a member. */
  finish(): void {
    this.#check();
    const isWhole = this.#state === "end" || (this.#state === "header" && this.#left === BLOCK);
    if (!isWhole) throw new TarError("malformed", "it ends in the middle of a member");
  }

  /** Ends the reading, also of a piece whose member is being waited for. */
  destroy(): void {
    this.#failure ??= { error: new TarError("malformed", "it was given up") };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #take(part: Buffer): void | Promise<void> {
    switch (this.#state) {
      case "header": {
        const block = this.#whole(part);
        return block === undefined ? undefined : this.#header(block);
      }
      case "extended": {
        const bytes = this.#whole(part);
        if (bytes === undefined) return;
        this.#extended.add(this.#extendedType, bytes);
        this.#expect("rest", this.#rest);
        return;
      }
      case "data":
        this.sink.data(part);
        return;
      case "rest":
        if (this.#left === 0) this.#expect("header", BLOCK);
    }
  }

  /** All bytes of the state; undefined until they are there. */
  #whole(part: Buffer): Buffer | undefined {
    if (this.#left > 0) {
      this.#parts.push(Buffer.from(part));
      return undefined;
    }
    if (this.#parts.length === 0) return part;
    const whole = Buffer.concat([...this.#parts, part]);
    this.#parts = [];
    return whole;
  }

  #expect(state: "header" | "extended" | "rest", bytes: number): void {
    this.#state = bytes === 0 ? "header" : state;
    this.#left = bytes === 0 ? BLOCK : bytes;
  }

  #header(block: Buffer): void | Promise<void> {
    this.#expect("header", BLOCK);
    if (isEmptyBlock(block)) {
      this.#emptyBlocks += 1;
      if (this.#emptyBlocks === 2) this.#state = "end";
      return;
    }
    if (this.#emptyBlocks > 0) throw new TarError("malformed", "an empty block between its members");
    const numbers = readHeaderBlock(block);
    const header = this.#decoder.decode(block);
    if (!isExtended(header.type)) return this.#begin(header, numbers);
    checkExtendedSize(numbers.size);
    this.#extendedType = header.type;
    this.#rest = restOf(numbers.size);
    this.#expect("extended", numbers.size);
  }

  #begin(header: DecodedHeader, { isOld, ...numbers }: HeaderNumbers): void | Promise<void> {
    const changes = this.#extended.take();
    const { name = header.name, linkName = header.linkName, size: bytes = numbers.size, pax } = changes;
    const isOldFolder = isOld && name.endsWith("/");
    const type = isOldFolder ? "directory" : header.type;
    const size = WITHOUT_DATA.includes(type) ? 0 : bytes;
    this.#state = "data";
    this.#left = size;
    this.#rest = isOldFolder ? bytes + restOf(bytes) : restOf(size);
    return this.sink.begin({ ...numbers, type, name, linkName, size, pax });
  }
}

/** Bytes that fill up the last block. */
function restOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
