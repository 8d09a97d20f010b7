import { TarError } from "./error.ts";
import type { ExtendedType, MemberType } from "./header-decoder.ts";

/** Bytes of an extended header, which is held in memory; far above any honest one. */
const EXTENDED_MAX = 4 * 1024 * 1024;

export type PaxRecords = readonly (readonly [key: string, value: string])[];

/** What extended headers say of the member that follows them. */
export interface MemberChanges {
  readonly name: string | undefined;
  readonly linkName: string | undefined;
  readonly size: number | undefined;
  readonly pax: PaxRecords;
}

const EXTENDED_TYPES: Readonly<Record<ExtendedType, true>> = {
  "pax-header": true,
  "pax-global-header": true,
  "gnu-long-path": true,
  "gnu-long-link-path": true,
};

export function isExtended(type: MemberType): type is ExtendedType {
  return Object.hasOwn(EXTENDED_TYPES, type);
}

/** Throws TarError `malformed` when an extended header is larger than any honest one. */
export function checkExtendedSize(size: number): void {
  if (size > EXTENDED_MAX)
    throw new TarError("malformed", `an extended header of ${size} bytes: more than ${EXTENDED_MAX}`);
}

/**
 * Collects the extended headers before a member, as Go's archive/tar reads them:
 * - malformed records are errors; one without a value means nothing, and so does a header without records;
 * - a pax header is worth more than GNU's long names, and the last of each kind counts;
 * - one for the whole archive is ignored.
 */
export class ExtendedHeaders {
  #longName = "";
  #longLink = "";
  #pax: PaxRecords = [];

  /** Takes the data of an extended header. Throws TarError `malformed`. */
  add(type: ExtendedType, bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (type === "gnu-long-path") this.#longName = upToNul(bytes);
    else if (type === "gnu-long-link-path") this.#longLink = upToNul(bytes);
    else if (type === "pax-header") {
      this.#pax = parsePaxRecords(bytes);
      if (!/^[0-9]{0,16}$/.test(this.#last("size"))) throw new TarError("malformed", "pax header: bad size");
    }
  }

  /** What has been collected; what comes later is for the next member. */
  take(): MemberChanges {
    const size = this.#last("size");
    const changes = {
      name: this.#last("path") || this.#longName || undefined,
      linkName: this.#last("linkpath") || this.#longLink || undefined,
      size: size === "" ? undefined : Number(size),
      pax: this.#pax,
    };
    this.#longName = "";
    this.#longLink = "";
    this.#pax = [];
    return changes;
  }

  /** The value that counts of several; "" for none. */
  #last(key: string): string {
    return this.#pax.findLast(([it]) => it === key)?.[1] ?? "";
  }
}

function upToNul(bytes: Buffer): string {
  const nul = bytes.indexOf(0);
  return bytes.toString("latin1", 0, nul < 0 ? bytes.length : nul);
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
