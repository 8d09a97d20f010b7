import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const PAGE = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");

/** A file that the page names, and what it says is in there. */
interface Mention {
  readonly path: string;
  /** Functions and classes; none where the page names the file alone. */
  readonly names: readonly string[];
}

/**
 * The files that a text names (`` `room/file.ts` ``, below src/ unless it begins with a folder of the project), each
 * with the names behind it in the same paragraph, item or row, up to the next file:
 * `` `name()` `` or `` `ClassName` ``.
 */
function mentions(text: string): Mention[] {
  return text.split(/\n(?=\n|\d+\. |\|)/).flatMap((item) => {
    const found: { path: string; names: string[] }[] = [];
    for (const [, word = ""] of item.matchAll(/`([^`\n]+)`/g)) {
      const name = /^([A-Za-z]\w+)\(\)$/.exec(word)?.[1] ?? /^([A-Z][a-z]\w*[A-Z]\w*)$/.exec(word)?.[1];
      if (/^[\w@./-]+\.ts$/.test(word)) found.push({ path: word, names: [] });
      else if (name !== undefined) found.at(-1)?.names.push(name);
    }
    return found;
  });
}

/** What of the mentions is not so, as `path` or `path: name`. */
function wrongMentions(text: string, read: (path: string) => string | undefined): string[] {
  return mentions(text).flatMap(({ path, names }) => {
    const content = read(path);
    if (content === undefined) return [path];
    const has = (name: string) =>
      new RegExp(`\\b(?:function|class|interface|const|type) ${name}\\b|\\b${name}\\(`).test(content);
    return names.filter((name) => !has(name)).map((name) => `${path}: ${name}`);
  });
}

function readMentioned(path: string): string | undefined {
  const file = join(ROOT, /^(?:src|test|scripts|units)\//.test(path) ? path : `src/${path}`);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

test("every file and function that docs/architecture.md names is there", () => {
  expect(mentions(PAGE).length).toBeGreaterThan(30);
  expect(wrongMentions(PAGE, readMentioned)).toEqual([]);
});

test("a file or function that is gone is found", () => {
  const files: Record<string, string> = { "a/b.ts": "export function make(): void {}" };
  const text = "1. `a/b.ts` `make()`, then `unmake()`\n2. `a/c.ts` `other()`";
  expect(wrongMentions(text, (path) => files[path])).toEqual(["a/b.ts: unmake", "a/c.ts"]);
});
