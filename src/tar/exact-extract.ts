import { type Extract, extract } from "tar-stream";
import { TarError } from "./error.ts";
import { BLOCK, type HeaderFacts, isEmptyBlock, readHeaderBlock, withPlainSize } from "./header-block.ts";

/**
 * The internals of tar-stream's Extract (3.x, extract.js) that {@link exactExtract} changes. A test fails when an
 * update of tar-stream moves any of them.
 */
interface ExtractInternals {
  _header: {
    type: string | null;
    name: string;
    size: number;
  } | null;
  _buffer: { shift(size: number): Buffer | null };
  _pax: object | null;
  _missing: number;
  _longHeader: boolean;
  _decodeLongHeader(bytes: Buffer): void;
  _applyLongHeaders(): void;
  _consumeHeader(): boolean;
  _final(done: (error: Error | null) => void): void;
}

/** The key under which a header's `pax` keeps its records in order. */
export const PAX_RECORDS = Symbol("pax records");

/** Types of members without data, whatever their size field says: old archives give a link its target's size. */
const WITHOUT_DATA: readonly string[] = ["link", "symlink", "character-device", "block-device", "directory", "fifo"];

/**
 * tar-stream's parser, made to read exactly what Go's archive/tar reads, and with it podman, umoci and every registry
 * scanner, so that a layer is never one thing there and another here:
 * - all text is latin1, one character a byte: tar-stream's UTF-8 destroys binary attributes (security.capability) and
 *   names that are not UTF-8; malformed extended headers are errors, where tar-stream takes what it can;
 * - an extended header for the whole archive is ignored, one without records means nothing, and so does a record
 *   without a value;
 * - links, devices, directories and fifos have no data;
 * - numbers are read whole, in all their forms, and a header with something else in their place is an error;
 * - a file of an old archive whose name ends with a slash is a folder;
 * - two empty blocks end the archive, whatever follows; one alone is an error.
 */
export function exactExtract(): Extract {
  // Options of tar-stream (extract.js) that its types lack.
  const options: object = { filenameEncoding: "latin1", allowUnknownFormat: true };
  const parser = extract(options);
  const inside = parser as unknown as ExtractInternals;
  const decodeLongHeader = inside._decodeLongHeader.bind(parser);
  const applyLongHeaders = inside._applyLongHeaders.bind(parser);
  const consumeHeader = inside._consumeHeader.bind(parser);
  const final = inside._final.bind(parser);
  let emptyBlocks = 0;
  let facts: HeaderFacts | undefined;
  let unread = 0;
  const shift = inside._buffer.shift.bind(inside._buffer);
  /** Called by consumeHeader(), which gives what this throws as the reason. */
  const shiftHeader = (size: number): Buffer | null => {
    const block = shift(size);
    facts = undefined;
    if (block === null || isEmptyBlock(block)) return block;
    if (emptyBlocks > 0) throw new TarError("malformed", "an empty block between its members");
    facts = readHeaderBlock(block);
    return withPlainSize(block, facts.size);
  };
  inside._decodeLongHeader = (bytes) => {
    if (inside._header?.type === "pax-global-header") return;
    if (inside._header?.type === "pax-header") inside._pax = decodePax(bytes);
    else decodeLongHeader(bytes);
  };
  inside._applyLongHeaders = () => {
    const header = inside._header;
    if (header !== null && facts !== undefined) takeFacts(header, facts);
    applyLongHeaders();
    if (header === null) return;
    if (facts?.isOld === true && header.name.endsWith("/")) {
      header.type = "directory";
      unread = BLOCK * Math.ceil(header.size / BLOCK);
    }
    if (WITHOUT_DATA.includes(header.type ?? "")) header.size = 0;
  };
  inside._consumeHeader = () => {
    unread = 0;
    inside._buffer.shift = shiftHeader;
    const goesOn = consumeHeader();
    inside._buffer.shift = shift;
    if (unread > 0) inside._missing = unread;
    // It would take the next member's data for the header's.
    if (inside._missing === 0) inside._longHeader = false;
    emptyBlocks = inside._header === null ? emptyBlocks + 1 : 0;
    // tar-stream skips the "missing" bytes of an unread member: here, the rest of the archive.
    if (emptyBlocks === 2) inside._missing = Number.MAX_SAFE_INTEGER;
    return goesOn;
  };
  inside._final = (done) => {
    if (emptyBlocks === 2) done(null);
    else final(done);
  };
  return parser;
}

function takeFacts(header: NonNullable<ExtractInternals["_header"]>, facts: HeaderFacts): void {
  const { mode, uid, gid, major, minor } = facts;
  Object.assign(header, { mode, uid, gid, devmajor: major, devminor: minor });
}

function decodePax(bytes: Buffer): object {
  const records = parsePaxRecords(Buffer.from(bytes));
  // tar-stream acts on path, linkpath and size; without a prototype, no other key can affect it.
  const last: Record<string, string> = Object.create(null);
  for (const [key, value] of records) last[key] = value;
  if (last.size !== undefined && !/^[0-9]{0,16}$/.test(last.size))
    throw new TarError("malformed", "pax header: bad size");
  return Object.assign(last, { [PAX_RECORDS]: records });
}

/** Records `LENGTH KEY=VALUE\n` (POSIX.1 pax, "pax Extended Header"), as latin1 text. */
export function parsePaxRecords(bytes: Buffer): [key: string, value: string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? "" : bytes.toString("latin1", at, space);
    const end = at + Number(digits);
    if (!/^[1-9][0-9]{0,8}$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) {
      throw new TarError("malformed", "pax header: malformed record");
    }
    const equals = bytes.indexOf(0x3d, space);
    if (equals <= space + 1 || equals >= end) throw new TarError("malformed", "pax header: record without a key");
    records.push([bytes.toString("latin1", space + 1, equals), bytes.toString("latin1", equals + 1, end - 1)]);
    at = end;
  }
  return records;
}
