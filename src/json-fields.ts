import { isJsonObject, type JsonObject, type Refuse } from "./json.ts";

/*
 * Declarative readers of JSON values: the parser of an object is a table of its members, each with its reader. No
 * reader converts; each calls `refuse` with the reason, which throws.
 */

/** Reads one value. `at` is its place in the document (`network.networks[0].name`), for the reason of a refusal. */
export type Reader<T> = (value: unknown, at: string, refuse: Refuse) => T;

/** A reader for each member of `T`; the reader of an optional member may return undefined. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? Reader<T[K] | undefined> : Reader<T[K]>;
};

export const text: Reader<string> = (value, at, refuse) =>
  typeof value === "string" ? value : refuse(`${at} is not a string`);

export const number: Reader<number> = (value, at, refuse) =>
  typeof value === "number" ? value : refuse(`${at} is not a number`);

export const flag: Reader<boolean> = (value, at, refuse) =>
  typeof value === "boolean" ? value : refuse(`${at} is neither true nor false`);

/** One of the words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  return (value, at, refuse) => words.find((word) => word === value) ?? refuse(`${at} is none of ${words.join(", ")}`);
}

export function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, at, refuse) => {
    if (!Array.isArray(value)) return refuse(`${at} is not an array`);
    return value.map((element: unknown, index) => item(element, `${at}[${index}]`, refuse));
  };
}

/** An array of strings, of which there may be many: no place is put together before it is needed. */
export const texts: Reader<readonly string[]> = (value, at, refuse) => {
  if (!Array.isArray(value)) return refuse(`${at} is not an array`);
  const wrong = value.findIndex((element: unknown) => typeof element !== "string");
  return wrong < 0 ? value : refuse(`${at}[${wrong}] is not a string`);
};

/** An object whose members are all of one kind. */
export function dictionary<T>(item: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, at, refuse) => {
    if (!isJsonObject(value)) return refuse(`${at} is not an object`);
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, item(each, `${at}.${name}`, refuse)]));
  };
}

/** Undefined when absent or null. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, at, refuse) => (value === undefined || value === null ? undefined : read(value, at, refuse));
}

/** `instead` when absent or null. */
export function orElse<T>(read: Reader<T>, instead: T): Reader<T> {
  return (value, at, refuse) => (value === undefined || value === null ? instead : read(value, at, refuse));
}

/** An object with the members in the table. Other members are kept unchanged, so that writing it back loses none. */
export function fields<T extends object>(table: Fields<T>): Reader<T> {
  const readers = Object.entries<Reader<unknown>>(table);
  return (value, at, refuse) => {
    if (!isJsonObject(value)) return refuse(`${at || "it"} is not an object`);
    // Each member of T has been read by its reader.
    return readMembers(readers, value, at, refuse) as T;
  };
}

/** An object of one of several kinds, which its member `tag` distinguishes. */
export function byTag<T extends object, Tag extends keyof T & string>(
  tag: Tag,
  tables: { readonly [Word in T[Tag] & string]: Fields<Omit<Tagged<T, Tag, Word>, Tag>> },
): Reader<T> {
  const kinds = new Map(Object.entries<object>(tables).map(([word, table]) => [word, Object.entries(table)]));
  return (value, at, refuse) => {
    if (!isJsonObject(value)) return refuse(`${at || "it"} is not an object`);
    const readers = kinds.get(text(value[tag], join(at, tag), refuse));
    if (readers === undefined) return refuse(`${join(at, tag)} is none of ${[...kinds.keys()].join(", ")}`);
    // The table belongs to the word's member of the union, and the word itself is kept.
    return readMembers(readers, value, at, refuse) as T;
  };
}

type Tagged<T, Tag extends keyof T, Word> = T extends unknown ? (Word extends T[Tag] ? T : never) : never;

function readMembers(
  readers: readonly (readonly [name: string, read: Reader<unknown>])[],
  object: JsonObject,
  at: string,
  refuse: Refuse,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...object };
  for (const [name, read] of readers) {
    const value = read(object[name], join(at, name), refuse);
    // An optional member is absent, not undefined.
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  return result;
}

function join(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
