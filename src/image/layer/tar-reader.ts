import { extract, type Header } from "tar-stream";

/**
 * An archive member. All text is latin1, one character a byte, because names, link targets and extended attributes
 * in a layer are bytes and need not be UTF-8.
 */
export interface TarMember {
  readonly type: string;
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
  /** Extended header records, in order; a key may be there twice (sparse format 0.0 needs it). */
  readonly pax: readonly (readonly [key: string, value: string])[];
}

/** Takes the members in order. `data` may be called many times; `end` may take its time (a promise). */
export interface TarSink {
  begin(member: TarMember): void | Promise<void>;
  data(chunk: Buffer): void;
  end(): void;
}

/** Fed with the archive in pieces of any size. */
export interface TarReader {
  /** Resolves when the reader can take more; rejects with the archive's or the sink's error. */
  write(chunk: Uint8Array): Promise<void>;
  /** The archive is over; rejects if it stops in the middle of a member. */
  finish(): Promise<void>;
  destroy(): void;
}

/** What berth reaches into in tar-stream's Extract, besides its published interface. */
interface ExtractInternals {
  _header: { type: string | null; size: number };
  _pax: Record<string, string> | null;
  _decodeLongHeader(bytes: Buffer): void;
}

const PAX_RECORDS = Symbol("pax records");

/** Reads a tar archive (ustar, pax, GNU, v7) with tar-stream. */
export function createTarReader(sink: TarSink): TarReader {
  // Options that tar-stream has (extract.js) and its types leave out.
  const options: object = { filenameEncoding: "latin1", allowUnknownFormat: true };
  const parser = extract(options);
  keepPaxBytes(parser as unknown as ExtractInternals);
  let failed: Error | undefined;
  let wake: (() => void) | undefined;
  const settle = (): void => {
    wake?.();
    wake = undefined;
  };
  const fail = (error: unknown): void => {
    failed ??= error instanceof Error ? error : new Error(String(error));
    parser.destroy();
    settle();
  };
  parser.on("entry", (header, stream, next) => {
    const consume = (): void => {
      stream.on("data", (chunk) => {
        if (failed !== undefined) return;
        try {
          sink.data(chunk as Buffer);
        } catch (error) {
          fail(error);
        }
      });
      stream.on("end", () => {
        if (failed !== undefined) return;
        try {
          sink.end();
          next();
        } catch (error) {
          fail(error);
        }
      });
    };
    stream.on("error", () => {}); // The parser's own error event tells why.
    try {
      const begun = sink.begin(toMember(header));
      if (begun instanceof Promise) begun.then(consume).catch(fail);
      else consume();
    } catch (error) {
      fail(error);
    }
  });
  parser.on("error", fail);
  parser.on("drain", settle);
  parser.on("finish", settle);
  parser.on("close", settle);
  const settled = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const check = (): void => {
    if (failed !== undefined) throw failed;
  };
  return {
    async write(chunk) {
      check();
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!parser.write(bytes)) await settled();
      check();
    },
    async finish() {
      check();
      const over = settled();
      parser.end(undefined);
      await over;
      check();
    },
    destroy: () => parser.destroy(),
  };
}

/**
 * tar-stream decodes extended headers as UTF-8, which destroys binary attributes (security.capability) and names
 * that are not UTF-8, and gives up silently on malformed ones. This decodes them exactly. A pax header for the
 * whole archive is ignored, as podman, umoci and Go's archive/tar do.
 */
function keepPaxBytes(parser: ExtractInternals): void {
  const decode = parser._decodeLongHeader.bind(parser);
  if (typeof decode !== "function") throw new Error("tar-stream has changed: Extract._decodeLongHeader is gone");
  parser._decodeLongHeader = (bytes) => {
    if (parser._header.type === "pax-global-header") return;
    if (parser._header.type !== "pax-header") return decode(bytes);
    const records = parsePaxRecords(Buffer.from(bytes));
    const last: Record<string, string> = Object.create(null);
    for (const [key, value] of records) last[key] = value;
    // tar-stream itself acts on these three only; the prototype is empty, so no key can mean anything else.
    if (last.size !== undefined && !/^[0-9]{1,16}$/.test(last.size)) throw new Error("pax header: bad size");
    parser._pax = Object.assign(last, { [PAX_RECORDS]: records });
  };
}

/** Records `LENGTH KEY=VALUE\n` (POSIX.1 pax, "pax Extended Header"), as latin1 text. */
export function parsePaxRecords(bytes: Buffer): [key: string, value: string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? "" : bytes.toString("latin1", at, space);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]{0,8}$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) {
      throw new Error("pax header: malformed record");
    }
    const equals = bytes.indexOf(0x3d, space);
    if (equals <= space + 1 || equals >= end) throw new Error("pax header: record without a key");
    records.push([bytes.toString("latin1", space + 1, equals), bytes.toString("latin1", equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

function toMember(header: Header): TarMember {
  const pax = header.pax as { readonly [PAX_RECORDS]?: [string, string][] } | null | undefined;
  return {
    type: header.type ?? "unknown",
    name: header.name,
    linkName: header.linkname ?? "",
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    size: header.size,
    mtime: header.mtime.getTime() / 1000,
    major: header.devmajor,
    minor: header.devminor,
    pax: pax?.[PAX_RECORDS] ?? [],
  };
}
