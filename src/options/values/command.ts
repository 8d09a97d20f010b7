import { DEFERRED, invalid, isDeferred, type Parsed, quoted, splitAt, valid } from "./check.ts";

/** `Entrypoint=`: one word, or a JSON array of several. Nothing at all clears the image's entrypoint. */
export function parseEntrypoint(text: string): Parsed<string[]> {
  if (text === "") return valid([]);
  if (!text.startsWith("[")) return valid([text]);
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return valid(words);
  } catch {
    // JSON.parse's messages differ between engines; the place of the value is reported anyway.
  }
  return isDeferred(text) ? DEFERRED : invalid("bad-entrypoint", `${quoted(text)} is not a JSON array of strings`);
}

/** A word of `--env`: an assignment, a variable of berth's own to pass on, or all of those with a prefix. */
export type EnvironmentWord =
  | { readonly name: string; readonly value: string }
  | { readonly passed: string }
  | { readonly prefix: string };

/** Splits `NAME=VALUE`, `NAME` or `PREFIX*`; judges no name. */
export function splitEnvironment(text: string): EnvironmentWord {
  const { head, tail } = splitAt(text, "=");
  if (tail !== undefined) return { name: head, value: tail };
  return text.endsWith("*") ? { prefix: text.slice(0, -1) } : { passed: text };
}

/** Whether the word passes on a variable of that name. */
export function passesOn(word: EnvironmentWord, name: string): boolean {
  return "passed" in word ? name === word.passed : "prefix" in word && name.startsWith(word.prefix);
}

/** One word of `Environment=`, as it was written: `NAME=VALUE`, `NAME` or `PREFIX*`. */
export function parseEnvironment(text: string): Parsed<string> {
  const { head: name, tail } = splitAt(text, "=");
  if (name === "")
    return invalid(
      "bad-variable",
      `no variable name in ${quoted(text)}`,
      text === "=" ? { hint: "write NAME=VALUE, without blanks around the =" } : {},
    );
  if (/\s/.test(name)) return invalid("bad-variable", `${quoted(name)} is not a variable name`);
  if (tail !== undefined || isDeferred(name) || /^[A-Za-z_]\w*\*?$/.test(name)) return valid(text);
  const hint = 'a value with blanks is written in quotes: "NAME=one two"';
  return invalid("bad-variable", `${quoted(name)} is neither NAME=VALUE nor the name of a variable`, { hint });
}

/** A name and a value. */
export type Assignment = readonly [name: string, value: string];

/** `name=value`. */
export function parseAssignment(text: string): Parsed<Assignment> {
  const { head, tail } = splitAt(text, "=");
  if (tail !== undefined && head !== "") return valid([head, tail]);
  return isDeferred(text) ? DEFERRED : invalid("bad-assignment", `${quoted(text)} is not of the form NAME=VALUE`);
}

/** `name[=value]`; without a value it is empty. */
export function parseLabel(text: string): Parsed<Assignment> {
  const { head, tail = "" } = splitAt(text, "=");
  return valid([head, tail]);
}

/** `Label=`, as it was written: what podman's auto-update looks at is not supported yet, by whichever key. */
export function parseLabelOfFile(text: string): Parsed<string> {
  const { head, tail } = splitAt(text, "=");
  if (head !== "io.containers.autoupdate" || tail === "disabled" || tail === "none") return valid(text);
  return invalid("not-supported-yet", `${head} is not supported yet: nothing looks for newer images`);
}
