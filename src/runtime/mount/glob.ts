import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The paths that an absolute pattern means, sorted: `*`, `?`, `[…]` and `\` in names, as Go's filepath.Glob, which
 * podman uses, takes them. A `*` stands for names that begin with a dot too, and never for a slash.
 */
export function matchingPaths(pattern: string): string[] {
  let found = ["/"];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    found = /[*?[\\]/.test(part)
      ? found.flatMap((folder) => namesIn(folder, toExpression(part)).map((name) => join(folder, name)))
      : found.map((folder) => join(folder, part)).filter(exists);
  }
  return found;
}

function namesIn(folder: string, expression: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => expression.test(name))
      .sort();
  } catch {
    // Not a folder, or one that cannot be read: nothing in it matches.
    return [];
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** One name's pattern. A `[` without an end stands for itself. */
function toExpression(part: string): RegExp {
  const text = part.replace(/\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|[\s\S]/g, (word, escaped, not, set) => {
    if (escaped !== undefined) return literal(escaped);
    if (set !== undefined) return `[${not}${set.replaceAll("[", "\\[")}]`;
    return word === "*" ? "[^/]*" : word === "?" ? "[^/]" : literal(word);
  });
  return new RegExp(`^${text}$`, "s");
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
