import { readPod } from "../runtime/pod/record.ts";
import { isUnitName } from "../unit/unit-name.ts";
import { type CommandContext, CommandError } from "./command.ts";
import { nameInUnit } from "./run-request.ts";

/** The name of a pod, as its unit's command line has it. */
export function podNameOf(word: string): string {
  return nameInUnit(word) ?? word;
}

/** Whose command this is: a person's, or one of the service that is the pod, for the run that the record is of or for an earlier one. */
export function caller(name: string, { scope, env }: CommandContext): "person" | "unit" | "earlier unit" {
  const record = readPod(scope, name);
  if (record !== undefined && record.id === env.INVOCATION_ID) return "unit";
  // Commands that end a service have this (systemd.exec(5)), and may come when there is no record yet, or another's.
  if (env.SERVICE_RESULT === undefined) return "person";
  return record === undefined ? "unit" : "earlier unit";
}

/** Starts or stops the service of a pod that is named, or of the `.pod` file or service of that name. */
export async function changePodUnit(
  word: string,
  verb: "start" | "stop",
  context: CommandContext,
  ignore = false,
): Promise<void> {
  const unit = readPod(context.scope, podNameOf(word))?.unit ?? serviceOf(word);
  const { withManager } = await import("../runtime/systemd.ts");
  await withManager(context.scope, context.env, async (manager) => {
    const [state] = isUnitName(unit) ? await manager.units([unit]) : [];
    if (state === undefined || state.loadState === "not-found") {
      if (ignore) return;
      throw new CommandError(`no pod and no service ${word}`, 125);
    }
    const result = await manager[verb](unit);
    if (result !== "done") throw new CommandError(`${verb} ${unit}: ${result}`, verb === "start" ? 125 : 1);
  });
  context.out(`${word}\n`);
}

function serviceOf(word: string): string {
  return word.endsWith(".service") ? word : `${word}-pod.service`;
}
