/** The longest field that is taken: a message of a payload's, journald's own limit (LineMax=) and far above. */
const FIELD_MAX = 64 * 1024 * 1024;

const NEWLINE = 10;

/** A field's value as bytes; it need not be text. */
export type JournalEntry = ReadonlyMap<string, Uint8Array>;

/**
 * Reads "Journal Export Format" (systemd's page of that name) piece by piece: lines `NAME=value`, or the name alone,
 * the length in 64 bits and the value, and an empty line behind each entry. Linear in what it is given.
 */
export class ExportReader {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** What has to be there before it is worth looking again: so many bytes, or the end of a line. */
  #wanted: Wanted = 0;
  #entry = new Map<string, Uint8Array>();

  /** The entries that a further piece completes. Throws an Error for what is not of this format. */
  read(piece: Uint8Array): JournalEntry[] {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#wanted === "line" ? !piece.includes(NEWLINE) : this.#length < this.#wanted) return [];
    const bytes = Buffer.concat(this.#pieces, this.#length);
    const entries: JournalEntry[] = [];
    let at = 0;
    for (let field = fieldAt(bytes, at); ; field = fieldAt(bytes, at)) {
      if ("wanted" in field) {
        this.#wanted = field.wanted === "line" ? "line" : field.wanted - at;
        break;
      }
      at = field.end;
      if (field.name !== "") this.#entry.set(field.name, field.value);
      else if (this.#entry.size > 0) {
        entries.push(this.#entry);
        this.#entry = new Map();
      }
    }
    const rest = bytes.subarray(at);
    this.#pieces = [rest];
    this.#length = rest.length;
    return entries;
  }
}

type Wanted = number | "line";

/** A field and where it ends, with the name "" for an empty line; or what has to be there. */
type Field = { readonly name: string; readonly value: Uint8Array; readonly end: number } | { readonly wanted: Wanted };

function fieldAt(bytes: Buffer, at: number): Field {
  const lineEnd = bytes.indexOf(NEWLINE, at);
  if (lineEnd < 0) return { wanted: "line" };
  const equals = bytes.subarray(at, lineEnd).indexOf("=");
  if (equals >= 0 || lineEnd === at) {
    const name = bytes.toString("latin1", at, at + Math.max(equals, 0));
    return { name, value: bytes.subarray(at + equals + 1, lineEnd), end: lineEnd + 1 };
  }
  const from = lineEnd + 1 + 8;
  if (bytes.length < from) return { wanted: from };
  const size = bytes.readBigUInt64LE(lineEnd + 1);
  if (size > FIELD_MAX) throw new Error(`a field of ${size} bytes in the journal`);
  const end = from + Number(size);
  if (bytes.length <= end) return { wanted: end + 1 };
  return { name: bytes.toString("latin1", at, lineEnd), value: bytes.subarray(from, end), end: end + 1 };
}
