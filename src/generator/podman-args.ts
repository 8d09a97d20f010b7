import { CONTAINER_KEYS } from "./keys/container.ts";
import type { KeySpec } from "./keys/key.ts";
import { type FlagOccurrence, parseRunFlags } from "./parse-run-flags.ts";
import type { Report, Value } from "./report.ts";
import { isDeferred, type Problem, quoted } from "./values/check.ts";

/** Flags that the generated command line gives itself; a second one would contradict it. */
const OURS: Readonly<Record<string, string>> = {
  detach: "berth decides this by Type= of [Service]",
  name: "write ContainerName=",
  rm: "containers are always removed when they end",
  replace: "a container of the same name is always replaced",
  "stop-signal": "write StopSignal=",
  "stop-timeout": "write StopTimeout=",
  loginuid: "write LoginUID= in [Berth]",
};

/** Flags of podman's that a key of Quadlet's stands for: what to write instead. */
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

/**
 * Reports what in `PodmanArgs=` is no flag of `berth run`, and values of flags that the checks of the corresponding keys
 * refuse. A word that is neither flag nor value would be taken for the image.
 */
export function checkPodmanArgs(values: readonly Value[], report: Report): void {
  let from = 0;
  while (from < values.length) {
    const words = values.slice(from);
    const { occurrences, rest, problems } = parseRunFlags(words.map(({ text }) => text));
    for (const { word, ...problem } of problems) reportFlag(words[word], withAdvice(problem, words[word]), report);
    for (const occurrence of occurrences) checkOccurrence(occurrence, words, report);
    from = values.length - rest.length;
    const next = values[from];
    // What follows an unknown flag is most likely its value: complaining of it too would only hide the reason.
    if (next !== undefined && problems.length === 0 && !isDeferred(next.text)) {
      const message = `${quoted(next.text)} is no flag, so it would be taken for the image`;
      report.value(next, { code: "bad-flag", message, hint: "Exec= takes arguments" });
      return;
    }
    // A variable may stand for any number of flags.
    from++;
  }
}

function checkOccurrence({ flag, word, value }: FlagOccurrence, words: readonly Value[], report: Report): void {
  const ours = Object.hasOwn(OURS, flag.name) ? OURS[flag.name] : flag.hidden === true ? "berth sets it" : undefined;
  if (ours !== undefined) {
    reportFlag(words[word], { code: "bad-flag", message: `--${flag.name} cannot be set here`, hint: ours }, report);
    return;
  }
  if (value === undefined) return;
  const problem = keyOfFlag(flag.name)?.check?.(value.text);
  if (problem !== undefined) reportFlag(words[value.word], { ...problem, at: (problem.at ?? 0) + value.at }, report);
}

function reportFlag(value: Value | undefined, problem: Problem, report: Report): void {
  if (value !== undefined) report.value(value, problem);
}

/** For a flag of podman's that something else stands for: what to write. */
function withAdvice(problem: Problem, value: Value | undefined): Problem {
  const name = /^--?([^=]+)/.exec(value?.text ?? "")?.[1] ?? "";
  const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
  return instead === undefined ? problem : { ...problem, hint: instead };
}

/** The key that becomes the flag: its check is that of the flag's value too. */
function keyOfFlag(name: string): KeySpec | undefined {
  for (const spec of CONTAINER_KEYS.values()) if (spec.flag === name) return spec;
  return undefined;
}
