import { CONTAINER_KEYS } from "./keys/container.ts";
import type { KeySpec } from "./keys/key.ts";
import type { Report, Value } from "./report.ts";
import { RUN_FLAGS, type RunFlag } from "./run-flags.ts";
import { closest } from "./suggest.ts";
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
export function checkPodmanArgs(words: readonly Value[], report: Report): void {
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined || isDeferred(word.text)) continue;
    const { text } = word;
    if (!text.startsWith("-") || text === "-" || text === "--") {
      const message = `${quoted(text)} is no flag, so it would be taken for the image`;
      report.value(word, { code: "bad-flag", message, hint: text === "--" ? "leave it out" : "Exec= takes arguments" });
      continue;
    }
    const equals = text.indexOf("=");
    const name = text.slice(0, equals < 0 ? undefined : equals);
    const flag = findFlag(name);
    const refusal = refuse(name, flag);
    if (refusal !== undefined) {
      report.value(word, refusal);
      // What follows is most likely the value; reporting it as well would only hide the reason.
      if (equals < 0 && words[index + 1]?.text.startsWith("-") === false) index++;
      continue;
    }
    if (flag === undefined || flag.kind === "boolean") continue;
    const inline = !name.startsWith("--") && name.length > 2 ? 2 : equals < 0 ? -1 : equals + 1;
    const next = inline < 0 ? words[++index] : word;
    if (next === undefined) {
      report.value(word, { code: "bad-flag", message: `${name} needs a value` });
      continue;
    }
    const problem = keyOfFlag(flag.name)?.check?.(next.text.slice(Math.max(inline, 0)));
    if (problem !== undefined) report.value(next, { ...problem, at: (problem.at ?? 0) + Math.max(inline, 0) });
  }
}

/** `--name`, `-n` or `-nVALUE`; several one-letter switches may stand together (`-it`). */
function findFlag(name: string): RunFlag | undefined {
  if (name.startsWith("--")) return RUN_FLAGS.find((flag) => flag.name === name.slice(2));
  const letters = [...name.slice(1)];
  const flags = letters.map((letter) => RUN_FLAGS.find((flag) => flag.short === letter));
  if (flags.every((flag) => flag?.kind === "boolean")) return flags[0];
  return flags[0]?.kind === "boolean" ? undefined : flags[0];
}

function refuse(name: string, flag: RunFlag | undefined): Problem | undefined {
  const bare = name.replace(/^--?/, "");
  const instead = Object.hasOwn(INSTEAD, bare) ? INSTEAD[bare] : undefined;
  if (instead !== undefined) {
    return { code: "not-supported-yet", message: `${name} is not supported in PodmanArgs=`, hint: instead };
  }
  if (flag === undefined) {
    const near = closest(
      bare,
      RUN_FLAGS.filter(({ hidden }) => hidden !== true).map((known) => known.name),
    );
    const hint = near === undefined ? {} : { hint: `did you mean "--${near}"?` };
    return { code: "not-supported-yet", message: `berth run has no flag ${name}`, ...hint };
  }
  const ours = Object.hasOwn(OURS, flag.name) ? OURS[flag.name] : flag.hidden === true ? "berth sets it" : undefined;
  return ours === undefined ? undefined : { code: "bad-flag", message: `${name} cannot be set here`, hint: ours };
}

/** The key that becomes the flag: its check is that of the flag's value too. */
function keyOfFlag(name: string): KeySpec | undefined {
  for (const spec of CONTAINER_KEYS.values()) if (spec.flag === name) return spec;
  return undefined;
}
