import { parseFlag } from "../../options/flags/flag-reader.ts";
import { POD } from "../../options/flags/pod-flags.ts";
import { parseNameInUnit } from "../../options/values/name.ts";
import { readPod } from "../../state/pod-record.ts";
import { isUnitName } from "../../unit/unit-name.ts";
import { type CommandContext, CommandError } from "../program/command.ts";

/** The name of a pod, as its unit's command line has it. */
export function podNameOf(word: string): string {
  return parseFlag(POD.name, word, parseNameInUnit);
}

/** Who called: a person, the pod's service, or an earlier run of that service. */
export function caller(name: string, { scope, env }: CommandContext): "person" | "unit" | "earlier unit" {
  const record = readPod(scope, name);
  if (record !== undefined && record.id === env.INVOCATION_ID) return "unit";
  // Set for commands that end a service (systemd.exec(5)), which may run without a record, or beside another run's.
  if (env.SERVICE_RESULT === undefined) return "person";
  return record === undefined ? "unit" : "earlier unit";
}

/** Starts or stops the service of a pod; `word` is the name of the pod, the `.pod` file or the service. */
export async function changePodUnit(
  word: string,
  verb: "start" | "stop",
  context: CommandContext,
  { ignore = false, missing = 125 }: { ignore?: boolean | undefined; missing?: number } = {},
): Promise<void> {
  const running = readPod(context.scope, podNameOf(word))?.unit;
  const candidates = (running === undefined ? servicesOf(word) : [running]).filter(isUnitName);
  const { withManager } = await import("../../runtime/systemd/systemd.ts");
  await withManager(context.scope, context.env, async (manager) => {
    const states = candidates.length === 0 ? [] : await manager.units(candidates);
    const unit = states.find(({ loadState }) => loadState !== "not-found")?.name;
    if (unit === undefined) {
      if (ignore) return;
      throw new CommandError(`no pod and no service ${word}`, missing);
    }
    const result = await manager[verb](unit);
    if (result !== "done") throw new CommandError(`${verb} ${unit}: ${result}`, verb === "start" ? 125 : 1);
    context.out(`${word}\n`);
  });
}

/** Possible names of the service of a pod that does not run: `web` and `systemd-web` both mean `web.pod`. */
function servicesOf(word: string): string[] {
  if (word.endsWith(".service")) return [word];
  return [word, ...(word.startsWith("systemd-") ? [word.slice("systemd-".length)] : [])].map(
    (name) => `${name}-pod.service`,
  );
}
