import type { Flag } from "../../options/flags/flag.ts";
import { type FlagOccurrence, parseFlags } from "../../options/flags/parse.ts";
import { RUN_FLAGS } from "../../options/flags/run-flags.ts";
import { isDeferred, type Problem, problemOf, quoted } from "../../options/values/check.ts";
import { CONTAINER_KEYS } from "../keys/container.ts";
import type { KeySpec, KeyTable } from "../keys/key.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";
import type { CommandLine } from "./command-line.ts";

/** Flags that berth adds to the command line itself; a second one would contradict the first. */
const OURS: Readonly<Record<string, string>> = {
  detach: "berth decides this by Type= of [Service]",
  name: "write ContainerName=",
  rm: "containers are always removed when they end",
  replace: "a container of the same name is always replaced",
  "stop-signal": "write StopSignal=",
  "stop-timeout": "write StopTimeout=",
  "unit-signal": "write StopSignal=",
  loginuid: "write LoginUID= in [Berth]",
};

/** The same for the commands that make images, networks, pods and volumes. */
const OURS_OF_RESOURCES: Readonly<Record<string, string>> = {
  "exit-policy": "write ExitPolicy=",
  name: "write PodName=",
  replace: "the service makes its pod anew",
};

/** Flags of podman's that are keys here, and the key to write instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  memory: "write Memory=",
  m: "write Memory=",
  "pids-limit": "write PidsLimit=",
  cpus: "write CPUQuota= in [Service]",
  "cpu-shares": "write CPUWeight= in [Service]",
  "cpuset-cpus": "write AllowedCPUs= in [Service]",
  "memory-swap": "write MemorySwapMax= in [Service]",
  "memory-reservation": "write MemoryLow= in [Service]",
  restart: "write Restart= in [Service]",
  sdnotify: "write Notify=",
};

/** A command that takes `PodmanArgs=`. */
interface Target {
  readonly flags: readonly Flag[];
  /** The keys that become flags: a key's grammar, which may be stricter, is that of the flag's values too. */
  readonly keys: KeyTable;
  readonly ours: Readonly<Record<string, string>>;
  readonly instead: Readonly<Record<string, string>>;
  /** The meaning of a word that is neither flag nor value, and what to write instead. */
  readonly positional: string;
  readonly hint?: string;
}

/**
 * Reports words of a container's `PodmanArgs=` that are no flags of `berth run`, and values that a flag's grammar
 * refuses. A word that is neither flag nor value would be taken for the image.
 */
export function checkPodmanArgs(values: readonly Value[], report: Report): void {
  const positional = "it would be taken for the image";
  const target = { flags: RUN_FLAGS, keys: CONTAINER_KEYS, ours: OURS, instead: INSTEAD, positional };
  checkArgs(values, { ...target, hint: "Exec= takes arguments" }, report);
}

/**
 * Adds the words of the `PodmanArgs=` of another type of file. Its command takes the flags of its keys, and `more`
 * flags without a key. Returns the flags among the words.
 */
export function addPodmanArgs(
  line: CommandLine,
  keys: KeyReader,
  table: KeyTable,
  report: Report,
  more: readonly Flag[] = [],
): FlagOccurrence[] {
  if (!keys.has("PodmanArgs")) return [];
  const values = keys.list("PodmanArgs");
  const positional = "it would be taken for the name";
  // A flag's own row comes before one made from its key.
  const flags = [...more, ...flagsOf(table)];
  const found = checkArgs(values, { flags, keys: table, ours: OURS_OF_RESOURCES, instead: {}, positional }, report);
  for (const { text } of values) line.expanded(text);
  return found;
}

/** The flags of the keys of a table. */
function flagsOf(table: KeyTable): Flag[] {
  const flags = new Map<string, Flag>();
  for (const { flag, values, help, status } of table.values()) {
    if (flag === undefined || status !== "supported") continue;
    const kind = flags.has(flag) || !(values === "boolean" || values === "string") ? "list" : values;
    flags.set(flag, { name: flag, kind: flag === "opt" ? "list" : kind, help });
  }
  return [...flags.values()];
}

function checkArgs(values: readonly Value[], target: Target, report: Report): FlagOccurrence[] {
  const found: FlagOccurrence[] = [];
  let from = 0;
  while (from < values.length) {
    const words = values.slice(from);
    const texts = words.map(({ text }) => text);
    const { occurrences, rest, problems } = parseFlags(texts, target.flags);
    for (const { word, ...problem } of problems) {
      reportFlag(words[word], withAdvice(problem, words[word], target), report);
    }
    for (const occurrence of occurrences) checkOccurrence(occurrence, words, target, report);
    found.push(...occurrences);
    from = values.length - rest.length;
    const next = values[from];
    // The word after an unknown flag is most likely its value: another report would only hide the reason.
    if (next !== undefined && problems.length === 0 && !isDeferred(next.text)) {
      const message = `${quoted(next.text)} is no flag, so ${target.positional}`;
      const problem = { code: "bad-flag", message };
      report.value(next, target.hint === undefined ? problem : { ...problem, hint: target.hint });
      return found;
    }
    // A variable may stand for any number of flags.
    from++;
  }
  return found;
}

function checkOccurrence(
  { flag, word, value }: FlagOccurrence,
  words: readonly Value[],
  target: Target,
  report: Report,
): void {
  const ours = Object.hasOwn(target.ours, flag.name)
    ? target.ours[flag.name]
    : flag.hidden === true
      ? "berth sets it"
      : undefined;
  if (ours !== undefined) {
    reportFlag(words[word], { code: "bad-flag", message: `--${flag.name} cannot be set here`, hint: ours }, report);
    return;
  }
  if (value === undefined) return;
  const parse = keyOfFlag(flag.name, target.keys)?.parse ?? flag.parse;
  const problem = parse && problemOf(parse(value.text));
  if (problem !== undefined) reportFlag(words[value.word], { ...problem, at: (problem.at ?? 0) + value.at }, report);
}

function reportFlag(value: Value | undefined, problem: Problem, report: Report): void {
  if (value !== undefined) report.value(value, problem);
}

/** The problem of a flag that something else replaces, with what to write. */
function withAdvice(problem: Problem, value: Value | undefined, { instead: advice }: Target): Problem {
  const name = /^--?([^=]+)/.exec(value?.text ?? "")?.[1] ?? "";
  const instead = Object.hasOwn(advice, name) ? advice[name] : undefined;
  return instead === undefined ? problem : { ...problem, hint: instead };
}

/** The key that becomes the flag. */
function keyOfFlag(name: string, keys: KeyTable): KeySpec | undefined {
  for (const spec of keys.values()) if (spec.flag === name) return spec;
  return undefined;
}
