import type { Member } from "../support/tar.ts";

/** Stands for a folder of the host that no layer may reach, with a file "precious" in it. */
export const OUTSIDE = "/OUTSIDE";

/** A layer that no honest tool writes, and what becomes of it. */
export interface HostileLayer {
  readonly what: string;
  readonly members: readonly Member[] | Buffer;
  /** The compressed layer, where it is not the archive itself. */
  readonly blob?: Buffer;
  /** The layer below, if there is one. */
  readonly below?: readonly Member[];
  /** What the error says; undefined for one that is unpacked. */
  readonly says?: RegExp;
  /** All that is in its tree afterwards, sorted; undefined where that does not matter. */
  readonly tree?: readonly string[];
}

export function refused(
  what: string,
  says: RegExp,
  members: HostileLayer["members"],
  below?: readonly Member[],
): HostileLayer {
  return { what, says, members, ...(below === undefined ? {} : { below }) };
}

export function unpacked(
  what: string,
  tree: readonly string[] | undefined,
  members: HostileLayer["members"],
  below?: readonly Member[],
): HostileLayer {
  return { what, members, ...(tree === undefined ? {} : { tree }), ...(below === undefined ? {} : { below }) };
}

/** The records of an extended header. */
export const pax = (records: Readonly<Record<string, string>>) => Object.entries(records);
