import { decodeText, encodeText } from "./text.ts";

/** Allowed in a unit name unescaped; `-` and `\` are too, but have a meaning in an escaped name. */
const PLAIN = /[0-9A-Za-z:_.]/;
const HEX = "0123456789abcdef";

/**
 * Any text as part of a unit name, as `systemd-escape TEXT`: `/` becomes `-`, other bytes `\xHH`, also a leading dot.
 */
export function escapeName(text: string): string {
  let escaped = "";
  const bytes = encodeText(text);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const character = String.fromCharCode(byte);
    if (character === "/") escaped += "-";
    else if (PLAIN.test(character) && !(character === "." && at === 0)) escaped += character;
    else escaped += escapeByte(byte);
  }
  return escaped;
}

/** `\xHH`, as unit names write a byte. */
export function escapeByte(byte: number): string {
  return `\\x${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}`;
}

/** The inverse of {@link escapeName}; undefined if a backslash does not begin `\xHH`, or stands for NUL. */
export function unescapeName(name: string): string | undefined {
  if (/\\(?!x[0-9a-fA-F]{2})|\\x00/.test(name)) return undefined;
  const slashed = name.replaceAll("-", "/");
  if (!slashed.includes("\\")) return slashed;
  // Bytes in the form that text.ts gives to invalid UTF-8; together they may be characters.
  const bytes = slashed.replace(/\\x(..)/g, (_, hex: string) => {
    const byte = Number.parseInt(hex, 16);
    return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  });
  return decodeText(encodeText(bytes));
}

/**
 * A path as part of a unit name, as `systemd-escape --path`: no slashes at the ends, none doubled, no `.` components;
 * the root is `-`. undefined if a component is `..`, or all of a relative path are `.`.
 */
export function escapePath(path: string): string | undefined {
  const components = path.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) return undefined;
  if (components.length > 0) return escapeName(components.join("/"));
  return path === "" || path.startsWith("/") ? "-" : undefined;
}

/** The inverse of {@link escapePath}: an absolute path; undefined if the name is not an escaped path. */
export function unescapePath(name: string): string | undefined {
  if (name === "-") return "/";
  const path = unescapeName(name);
  if (path === undefined) return undefined;
  // Empty components come from leading, trailing or doubled slashes.
  const sound = path.split("/").every((component) => component !== "" && component !== "." && component !== "..");
  return sound ? `/${path}` : undefined;
}
