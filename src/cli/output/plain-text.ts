/** Control characters (C0, DEL, C1) and those that change the text's direction (Unicode TR 9). */
const HARMFUL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;
/** Those of them that JSON.stringify() does not escape. */
const BEYOND_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Untrusted text (of a registry, an image) as one line that is safe on a terminal and in a log: white space becomes a
 * blank, and what would move the cursor, colour the text or begin another line becomes `\xNN`.
 */
export function plainText(text: string): string {
  return text.replace(HARMFUL, (found) => (found.trim() === "" ? " " : [...found].map(escaped).join("")));
}

/**
 * JSON that is safe on a terminal: it escapes the same characters as `\uNNNN`, also those that JSON allows literally.
 */
export function plainJson(value: unknown, indent?: number): string | undefined {
  return JSON.stringify(value, null, indent)?.replace(
    BEYOND_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}
