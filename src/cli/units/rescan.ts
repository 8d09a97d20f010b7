import { join } from "node:path";
import type { Command } from "commander";
import { compareGenerated } from "../../generator/compare.ts";
import { generateInstalled } from "../../generator/installed.ts";
import { berthPath } from "../../generator/main.ts";
import type { GeneratedLink } from "../../generator/making/context.ts";
import { podmanGenerates } from "../../generator/podman-generator.ts";
import { runProgram } from "../../system/process.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Have systemd reload its units if the container files give others than at the last time.",
  details: [
    "berth-rescan.service calls this late in boot, for files on file systems that are mounted after the generators ran; berth-rescan.path, which is not enabled by default, whenever /etc/containers/systemd changes. What came new during boot is started if a target wants it.",
  ],
  examples: [
    { command: "sudo berth rescan", help: "Reload only if it is needed." },
    { command: "sudo systemctl enable --now berth-rescan.path", help: "From now on do so by itself." },
  ],
};

/**
 * `berth rescan`: reloads systemd if the Quadlet files have changed since the generators ran. During boot it also
 * starts new units that a starting target wants: systemd chose the units to start before the reload.
 */
export function define(command: Command, context: CommandContext): void {
  command.action(() => rescan(context));
}

/** The limit of reloads in a row: more would not help. */
const RELOADS_MAX = 5;

async function rescan(context: CommandContext): Promise<void> {
  // Changes during the reload escape both the generators and this comparison, so compare again.
  for (let reloads = 0; reloads < RELOADS_MAX; reloads++) {
    if (!(await reloadIfChanged(context))) {
      if (reloads === 0) context.out("nothing has changed\n");
      return;
    }
  }
  throw new CommandError(`the units still differ after ${RELOADS_MAX} reloads: is another berth the generator?`, 1);
}

/** Compares once, and reloads if need be. Returns whether it did. */
async function reloadIfChanged(context: CommandContext): Promise<boolean> {
  const { kind, uid } = context.scope;
  const { generated } = await generateInstalled({ scope: kind, uid, env: context.env }, berthPath(process.execPath));
  const changes = compareGenerated(generatorDirectory(context), generated);
  if (changes.length === 0) return false;
  for (const change of changes) context.out(`${change}\n`);
  const manager = kind === "user" ? ["--user"] : [];
  systemctl([...manager, "daemon-reload"]);
  const added = new Set(changes.filter((change) => change.startsWith("+ ")).map((change) => change.slice(2)));
  startWanted(
    generated.links.filter(({ path }) => added.has(path)),
    manager,
  );
  return true;
}

/** Starts the units of new links if the system is still booting and the wanting unit is starting. */
function startWanted(added: readonly GeneratedLink[], manager: readonly string[]): void {
  // In all other states boot is over, and the administrator decides what to start.
  if (added.length === 0 || !/^(?:initializing|starting)$/.test(ask([...manager, "is-system-running"]))) return;
  const wanted = added.flatMap(({ path }) => {
    const [target, unit] = /^(.*)\.(?:wants|requires|upholds)\/(.*)$/.exec(path)?.slice(1) ?? [];
    return target === undefined || unit === undefined ? [] : [{ target, unit }];
  });
  const units = wanted.filter(({ target }) => isComing(target, manager)).map(({ unit }) => unit);
  if (units.length > 0) systemctl([...manager, "start", "--no-block", "--", ...units]);
}

/** The folder that the generator has written to, systemd.generator(7). */
function generatorDirectory({ scope, env }: CommandContext): string {
  const name = podmanGenerates(scope.kind) ? "generator.late" : "generator";
  if (scope.kind === "system") return `/run/systemd/${name}`;
  return join(env.XDG_RUNTIME_DIR ?? `/run/user/${scope.uid}`, `systemd/${name}`);
}

/** Whether a unit is active, or has a job that will make it active. */
function isComing(unit: string, manager: readonly string[]): boolean {
  const state = ask([...manager, "show", "--property=ActiveState,Job", "--", unit]);
  return /^ActiveState=(?:active|activating|reloading)$/m.test(state) || /^Job=[1-9]/m.test(state);
}

function ask(args: readonly string[]): string {
  return runProgram("systemctl", args, { stdout: "pipe", stderr: "inherit" }).stdout.trim();
}

function systemctl(args: readonly string[]): void {
  const { exitCode } = runProgram("systemctl", args, { stdout: "inherit", stderr: "inherit" });
  if (exitCode !== 0) throw new CommandError(`systemctl ${args.join(" ")}: exit status ${exitCode}`, 1);
}
