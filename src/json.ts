/** Narrow readers for untrusted JSON. Each calls `refuse` with the reason, which throws; none converts. */

export type JsonObject = Readonly<Record<string, unknown>>;
export type Refuse = (why: string) => never;

/** The JSON object in the text, whose bytes must be UTF-8. */
export function parseJsonObject(bytes: Uint8Array, refuse: Refuse): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return refuse("it is not JSON");
  }
  return isJsonObject(value) ? value : refuse("it is not a JSON object");
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string member; undefined when absent or null (Go writes null for empty). */
export function optionalString(object: JsonObject, key: string, refuse: Refuse): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : refuse(`${key} is not a string`);
}

/** An array of strings; empty when absent or null. */
export function stringArray(object: JsonObject, key: string, refuse: Refuse): readonly string[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return refuse(`${key} is not an array`);
  return value.map((item: unknown) =>
    typeof item === "string" ? item : refuse(`${key} holds something else than strings`),
  );
}

/** An object whose values are strings; empty when absent or null. */
export function stringMap(object: JsonObject, key: string, refuse: Refuse): Readonly<Record<string, string>> {
  const value = object[key];
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) return refuse(`${key} is not an object`);
  const map: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    map[name] = typeof item === "string" ? item : refuse(`${key}.${name} is not a string`);
  }
  return map;
}

/** The names in an object used as a set (`{"80/tcp": {}}`); empty when absent or null. */
export function objectKeys(object: JsonObject, key: string, refuse: Refuse): readonly string[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  return isJsonObject(value) ? Object.keys(value) : refuse(`${key} is not an object`);
}
