import { quoted } from "../../options/values/check.ts";
import type { Entry } from "../../unit/entry.ts";
import { scanVariables } from "../../unit/specifier.ts";
import { splitWords, unquoteString } from "../../unit/words.ts";
import type { ValueClass } from "../keys/key.ts";
import type { ContainerContext } from "../making/context.ts";
import { WORD_STYLES } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";

/** What a shell would act on, and what a program without one gets as an argument. */
const SHELL_WORDS: ReadonlySet<string> = new Set(["&&", "||", "|", ">", ">>", "<", "&", "2>", "2>&1", "|&", "&>"]);

/** Variables that systemd sets for commands of services, systemd.exec(5), "Environment variables". */
const SET_BY_SYSTEMD: ReadonlySet<string> = new Set(
  (
    "PATH LANG LC_ALL USER LOGNAME HOME SHELL INVOCATION_ID XDG_RUNTIME_DIR RUNTIME_DIRECTORY STATE_DIRECTORY " +
    "CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY MAINPID MANAGERPID SYSTEMD_EXEC_PID " +
    "LISTEN_FDS LISTEN_PID LISTEN_FDNAMES NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC JOURNAL_STREAM MEMORY_PRESSURE_WATCH " +
    "REMOTE_ADDR REMOTE_PORT DBUS_SESSION_BUS_ADDRESS"
  ).split(" "),
);

/** The same as a part of an unquoted word: `a;`, `>file`, `$(date)`. A `;` alone is an argument of find(1). */
const SHELL_PART = /.;$|^(?:\d|&)?>>?[^=>]|\$\(|`/;

/** Warns of words of `Exec=` that only a shell understands: there is none. */
export function warnOfShellWords(words: readonly Value[], { report }: ContainerContext): void {
  for (const word of words) {
    const unquoted = word.entry.value.slice(word.offset, word.end) === word.text;
    if (!unquoted || !(SHELL_WORDS.has(word.text) || SHELL_PART.test(word.text))) continue;
    const message = `no shell runs this, so ${quoted(word.text)} is an argument like any other`;
    report.value(
      word,
      { code: "no-shell", message, hint: "write sh -c 'COMMANDS' if the image has a shell" },
      "warning",
    );
  }
}

/**
 * Reports what systemd makes of variables in `[Container]`. One that nothing in the file sets is left out, which is a
 * warning: it may come from files and from the manager's own environment, if `[Service]` says so. Without braces the
 * name is all of the word, systemd.service(5), so that with anything behind it the word is left out for certain.
 */
export function reportVariables({ parsed, service, report, options }: ContainerContext): void {
  const fromElsewhere = service.has("EnvironmentFile") || service.has("PassEnvironment") || options.scope === "user";
  const lines = parsed.sections.get("Service")?.get("Environment") ?? [];
  const set = assignedIn(lines.map(({ value }) => value));
  for (const entry of [...(parsed.sections.get(parsed.type.section)?.values() ?? [])].flat()) {
    if (!entry.value.includes("$")) continue;
    for (const word of wordsOf(entry, parsed.type.keys().get(entry.key)?.values)) {
      const rest = restBehindName(entry, word.text);
      if (rest !== "") reportTooLong(word, rest, report);
      for (const { kind, name, offset } of scanVariables(word.text)) {
        if (kind !== "variable") continue;
        if (!fromElsewhere && !set.has(name) && !SET_BY_SYSTEMD.has(name) && isName(name))
          warnOfUnset(word, name, offset, report);
      }
    }
  }
}

/** The words that a value becomes on the command line. */
function wordsOf(entry: Entry, values: ValueClass | undefined): Value[] {
  const style = values === undefined ? undefined : WORD_STYLES[values];
  const words = style === undefined ? [wholeOf(entry)] : splitWords(entry.value, style).words;
  return words.map(({ text, offset, end }) => ({ text, offset, end, entry }));
}

function wholeOf({ value }: Entry): Pick<Value, "text" | "offset" | "end"> {
  const text = unquoteString(value);
  return { text, offset: text === value ? 0 : value.indexOf(text), end: value.length };
}

/**
 * What a word has behind the name that was meant: `/data` of `$HOME/data`, where systemd looks for a variable
 * `HOME/data`. Behind `--entrypoint=` no word begins with it.
 */
function restBehindName({ key }: Entry, text: string): string {
  return key === "Entrypoint" ? "" : (/^\$[A-Za-z_]\w*(\W.*)$/s.exec(text)?.[1] ?? "");
}

function reportTooLong(word: Value, rest: string, report: Report): void {
  const message = `systemd takes all of ${quoted(word.text)} for the name of a variable, and leaves it out`;
  const hint = `write \${${word.text.slice(1, -rest.length)}}${rest}, or $$ for a dollar`;
  report.value(word, { code: "bad-variable", message, hint }, word.entry.key === "Exec" ? "warning" : "error");
}

function warnOfUnset(word: Value, name: string, at: number, report: Report): void {
  const message = `nothing in the file sets the variable ${name}, and systemd leaves it out`;
  const hint = `write ${name}= in Environment= of [Service], or $$ for a dollar`;
  report.value(word, { code: "unset-variable", message, hint, at }, "warning");
}

function isName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

/** The names that `Environment=` assigns. */
function assignedIn(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.flatMap((value) => [...value.matchAll(/(?:^|[\s"'])(\w+)=/g)].map(([, name = ""]) => name)));
}
