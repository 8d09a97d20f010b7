import { indexSections, listEntries, type SectionEntries } from "../../src/unit/lookup.ts";
import { parseUnitText } from "../../src/unit/unit-file.ts";
import { splitWords, unquoteString } from "../../src/unit/words.ts";

/** One `## [!]directive arguments` line of a Quadlet case. */
export interface Assertion {
  /** The line without `## `. */
  readonly text: string;
  readonly negated: boolean;
  readonly directive: string;
  readonly args: readonly string[];
}

/** What a case came to. */
export interface CaseResult {
  /** Text of the expected service, undefined if there is none, or only a stub. */
  readonly unit: string | undefined;
  /** Path to target. */
  readonly links: ReadonlyMap<string, string>;
  /** The diagnostics, one a line. */
  readonly messages: string;
}

/** The assertions of a case, in order. */
export function parseAssertions(text: string): Assertion[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("##")) return [];
    const [first, ...args] = shellWords(line.slice(2));
    if (first === undefined) return [];
    const negated = first.startsWith("!");
    return [{ text: line.slice(2).trim(), negated, directive: first.slice(negated ? 1 : 0), args }];
  });
}

/** Whether the assertion holds; throws for a directive that is not known. */
export function holds({ negated, directive, args }: Assertion, result: CaseResult): boolean {
  return evaluate(directive, args, result) !== negated;
}

const COMMANDS: Readonly<Record<string, string>> = {
  pre: "ExecStartPre",
  stop: "ExecStop",
  "stop-post": "ExecStopPost",
  reload: "ExecReload",
};

function evaluate(directive: string, args: readonly string[], result: CaseResult): boolean {
  const sections = indexSections(parseUnitText("unit", result.unit ?? ""));
  const command = /^assert-podman-(?:(pre|stop-post|stop|reload)-)?((?:global-|final-)?args.*)$/.exec(directive);
  if (command !== null) {
    const key = COMMANDS[command[1] ?? ""] ?? "ExecStart";
    const line = sections.get("Service")?.get(key)?.at(-1)?.value ?? "";
    return holdsOfCommand(
      command[2] ?? "",
      args,
      splitWords(line, "escaped").words.map(({ text }) => text),
    );
  }
  const [section = "", key = "", ...rest] = args;
  const values = valuesOf(sections.get(section), key);
  const last = sections.get(section)?.get(key)?.at(-1)?.value;
  switch (directive) {
    case "assert-failed":
      return result.unit === undefined;
    case "assert-stderr-contains":
      return result.messages.includes(args[0] ?? "");
    case "assert-key-is":
      return JSON.stringify(values) === JSON.stringify(rest);
    case "assert-key-is-regex":
      return values.length === rest.length && rest.every((regex, at) => new RegExp(regex).test(values[at] ?? ""));
    case "assert-has-key":
      return values.includes(rest[0] ?? "");
    case "assert-key-is-empty":
      return values.length === 0;
    case "assert-key-contains":
      return values.some((value) => value.includes(rest[0] ?? ""));
    case "assert-key-not-contains":
      return !values.some((value) => value.includes(rest[0] ?? ""));
    case "assert-last-key-contains":
      return last?.includes(rest[0] ?? "") === true;
    case "assert-last-key-is-regex":
      return last !== undefined && new RegExp(rest[0] ?? "").test(last);
    case "assert-symlink":
      return result.links.get(args[0] ?? "") === args[1];
    default:
      throw new Error(`unknown directive ${directive}`);
  }
}

function holdsOfCommand(kind: string, args: readonly string[], command: readonly string[]): boolean {
  const isRegex = kind.endsWith("-regex");
  const matches = (wanted: string, word: string | undefined): boolean =>
    word !== undefined && (isRegex ? new RegExp(wanted).test(word) : word === wanted);
  const runAt = (words: readonly string[], at: number): boolean =>
    words.every((wanted, offset) => matches(wanted, command[at + offset]));
  switch (kind.replace(/-regex$/, "")) {
    case "args":
      return command.some((_, at) => runAt(args, at));
    case "final-args":
      return command.length >= args.length && runAt(args, command.length - args.length);
    case "global-args": {
      const [name = "", ...words] = args;
      const end = command.indexOf(name);
      return command.some((_, at) => at + words.length <= end && runAt(words, at));
    }
    case "args-key-val": {
      const [flag = "", separator = ",", list = ""] = args;
      const wanted = list.split(separator).sort();
      return command.some((word, at) => {
        const found = (command[at + 1] ?? "").split(separator).sort();
        return (
          word === flag && found.length === wanted.length && wanted.every((text, index) => matches(text, found[index]))
        );
      });
    }
    default:
      throw new Error(`unknown directive assert-podman-${kind}`);
  }
}

function valuesOf(section: SectionEntries | undefined, key: string): string[] {
  return listEntries(section, key).map(({ value }) => unquoteString(value));
}

/**
 * Words as a shell splits them; an unquoted `;`, `&`, `|`, `<` or `>` ends the line. `\n` and `\t` are what they stand
 * for.
 */
function shellWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\;&|<>])+)/y;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    const word = (match[1] ?? "").replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, escaped?: string) =>
        single ?? escaped ?? (double ?? "").replace(/\\(["\\$`])/g, "$1"),
    );
    words.push(word.replaceAll("\\n", "\n").replaceAll("\\t", "\t"));
  }
  return words;
}
