import { isDeferred, type Problem, quoted } from "./check.ts";

/** `Entrypoint=`: a command, or a JSON array of strings for several words. */
export function checkEntrypoint(value: string): Problem | undefined {
  if (!value.startsWith("[") || isDeferred(value)) return undefined;
  try {
    const words: unknown = JSON.parse(value);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return undefined;
  } catch {
    // What JSON.parse has to say differs between engines; the place of the value is told anyway.
  }
  return { code: "bad-entrypoint", message: `${quoted(value)} is not a JSON array of strings` };
}

/** One word of `Environment=`: `NAME=VALUE`, `NAME` or `PREFIX*`. */
export function checkEnvironmentName(value: string): Problem | undefined {
  const name = value.split("=", 1)[0] ?? "";
  if (name === "") return { code: "bad-variable", message: `no variable name in ${quoted(value)}` };
  if (/\s/.test(name)) return { code: "bad-variable", message: `${quoted(name)} is not a variable name` };
  return undefined;
}

/** A word that has to be `name=value`. */
export function checkNamedValue(value: string): Problem | undefined {
  if (value.indexOf("=") > 0 || isDeferred(value)) return undefined;
  return { code: "bad-assignment", message: `${quoted(value)} is not of the form NAME=VALUE` };
}
