import { isJsonObject, type JsonObject } from "../json.ts";
import { type Fields, fields } from "../json-fields.ts";
import { isErrno } from "../system/error.ts";
import { type ReplaceOptions, replaceFile } from "../system/files.ts";
import { readBounded } from "../system/read-bounded.ts";
import { StateError } from "./error.ts";

/**
 * The form of every record: one JSON object with a member `version`, replaced in one step. A record without that member
 * is of version 1: berth wrote none at first. Raise the version when an older berth would do harm because it does not
 * understand a record: it then refuses the record, and leaves its container, pod, network or volume alone. A new member
 * alone needs no new version, because unknown members are kept.
 */
export interface RecordFormat<T extends object> {
  /** The record's text, with its version. */
  format(record: T): string;
  /**
   * The record in the text of the file `path`. Messages use the name in the record, or else `name`. Throws
   * "newer-record", and "corrupt-record" with the reason as its cause.
   */
  parse(text: string, name: string, path: string): T;
  /** Throws "corrupt-record" for a record that cannot be read at all. */
  refuse(name: string, path: string, cause: unknown): never;
}

/** The subject of a kind of record, for messages: `container web was started by a newer berth`. */
export interface RecordSubject {
  readonly noun: string;
  readonly verb: "made" | "started";
  /** What takes a damaged record away and loses nothing: `restart its service`. */
  readonly remedy: string;
  /** The beginning of the message for a record that cannot be read; `the record of container NAME` by default. */
  readonly called?: (name: string) => string;
  /** Indentation of members in blanks; the record is one line by default. */
  readonly indent?: number;
}

const VERSION = 1;

export function recordFormat<T extends object>(subject: RecordSubject, table: Fields<T>): RecordFormat<T> {
  const { noun, verb, remedy, called = (name: string) => `the record of ${noun} ${name}`, indent } = subject;
  const read = fields(table);
  const refuse = (name: string, path: string, cause: unknown): never => {
    throw new StateError("corrupt-record", `${called(name)} cannot be read (${path}; ${remedy})`, { cause });
  };
  return {
    refuse,
    format: (record) => `${JSON.stringify({ version: VERSION, ...record }, null, indent)}\n`,
    parse(text, name, path) {
      const object = parseObject(text);
      const corrupt = (why: string): never => refuse(name, path, new Error(why));
      if (object === undefined) return corrupt("it is not a JSON object");
      const { version = VERSION, ...members } = object;
      if (typeof version !== "number") return corrupt("version is not a number");
      if (version > VERSION) {
        const own = typeof members.name === "string" ? members.name : name;
        const what = `${noun} ${own} was ${verb} by a newer berth (record version ${version})`;
        throw new StateError("newer-record", `${what}: install that berth again, or a newer one`);
      }
      return read(members, "", corrupt);
    },
  };
}

/**
 * Options for a record that survives a power cut and has one writer at a time: the new file has one name until it is
 * renamed, so that the next writer overwrites what a killed one has left.
 */
export const lasting = (path: string): ReplaceOptions => ({ durable: true, temporary: `${path}.new` });

/** Replaces a record in one step. */
export function writeRecordFile<T extends object>(
  path: string,
  format: RecordFormat<T>,
  record: T,
  options?: ReplaceOptions,
): void {
  replaceFile(path, format.format(record), options);
}

/** The longest record that is read: bytes. A container with thousands of mounts has one of a megabyte. */
const RECORD_MAX = 16 * 1024 * 1024;

/** The record in a file; undefined if there is no such file. Throws as parse() does. */
export function readRecordFile<T extends object>(path: string, format: RecordFormat<T>, name: string): T | undefined {
  let bytes: Buffer | undefined;
  try {
    bytes = readBounded(path, RECORD_MAX);
  } catch (cause) {
    if (isErrno(cause, "ENOENT", "ENOTDIR")) return undefined;
    return format.refuse(name, path, cause);
  }
  if (bytes === undefined) return format.refuse(name, path, new Error("it is not a regular file"));
  return format.parse(bytes.toString(), name, path);
}

/** The same, but undefined for a record that cannot be read. Throws "newer-record". */
export function readRecordIfSound<T extends object>(
  path: string,
  format: RecordFormat<T>,
  name: string,
): T | undefined {
  try {
    return readRecordFile(path, format, name);
  } catch (error) {
    if (error instanceof StateError && error.code === "corrupt-record") return undefined;
    throw error;
  }
}

/** All records of a kind that can be read, and an error for each of the others. */
export interface Survey<T> {
  readonly records: readonly T[];
  readonly unread: readonly StateError[];
}

/** Reads the records of `names`, each by `read`; names without a record are left out. */
export function survey<T>(names: readonly string[], read: (name: string) => T | undefined): Survey<T> {
  const records: T[] = [];
  const unread: StateError[] = [];
  for (const name of names) {
    try {
      const record = read(name);
      if (record !== undefined) records.push(record);
    } catch (error) {
      if (!isUnread(error)) throw error;
      unread.push(error);
    }
  }
  return { records, unread };
}

/** Throws the first of the errors, if there is one: for a command that has dealt with all other records before. */
export function reportUnread({ unread: [first] }: Pick<Survey<unknown>, "unread">): void {
  if (first !== undefined) throw first;
}

function isUnread(error: unknown): error is StateError {
  return error instanceof StateError && (error.code === "corrupt-record" || isNewer(error));
}

/** Whether the error reports a record of a newer version. */
export function isNewer(error: unknown): error is StateError {
  return error instanceof StateError && error.code === "newer-record";
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
