import { type Extract, extract, type Header } from "tar-stream";
import { TarError } from "./error.ts";

/**
 * The internals of tar-stream's Extract (3.x, extract.js) that {@link HeaderDecoder} uses, since no decoder of headers
 * alone is exported. A test fails when an update of tar-stream moves any of them.
 */
interface ExtractInternals {
  _header: Header | null;
  _locked: boolean;
  _buffer: { shift(size: number): Buffer };
  _createStream(): unknown;
  _consumeHeader(): boolean;
  _continueWrite(error: Error | null): void;
}

/** Types of members, by tar-stream's names for them. */
export type MemberType = NonNullable<Header["type"]> | ExtendedType | "unknown";

/** Headers whose data is about the next member, or all members. */
export type ExtendedType = "pax-header" | "pax-global-header" | "gnu-long-path" | "gnu-long-link-path";

/** What tar-stream reads of a header. Text is latin1, one character a byte: names in a layer need not be UTF-8. */
export interface DecodedHeader {
  readonly type: MemberType;
  readonly name: string;
  readonly linkName: string;
}

/** tar-stream's decoder of headers, without its streams: they cost several turns of the event loop for each member. */
export class HeaderDecoder {
  readonly #inside: ExtractInternals;
  #failure: Error | null = null;

  constructor() {
    // Options of tar-stream (extract.js) that its types lack.
    const options: object = { filenameEncoding: "latin1", allowUnknownFormat: true };
    const parser: Extract = extract(options);
    this.#inside = parser as unknown as ExtractInternals;
    this.#inside._createStream = () => undefined;
    this.#inside._continueWrite = (error) => {
      this.#failure = error;
    };
  }

  /** Decodes one block. Throws TarError `malformed`. */
  decode(block: Buffer): DecodedHeader {
    const inside = this.#inside;
    inside._header = null;
    inside._locked = false;
    inside._buffer.shift = () => block;
    inside._consumeHeader();
    const header = inside._header as Header | null;
    if (header === null) throw new TarError("malformed", this.#failure?.message ?? "a header without content");
    return {
      type: (header.type as MemberType | null) ?? "unknown",
      name: header.name,
      linkName: header.linkname ?? "",
    };
  }
}
