import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Environment } from "../../environment.ts";
import type { Scope } from "../../scope.ts";
import { readIfThere, removeIfThere, replaceFile } from "../../system/files.ts";
import { runProgram } from "../../system/process.ts";
import { ownCgroup } from "../oci-runtime/container-cgroup.ts";

/*
 * The services of `.network` and `.volume` files. Such a service is active for as long as what it stands for is to be
 * there, so when that is removed it has to stop: else it would not make it again for the next container that requires
 * it.
 */

type Kind = "network" | "volume";

/** What systemctl(1) exits with where there is no such unit. */
const NOT_LOADED = 5;

interface Maker {
  readonly unit: string;
  /** The unit's $INVOCATION_ID. */
  readonly run: string;
}

/** Notes go with a reboot, as the services' states do. */
const makerFile = (scope: Scope, kind: Kind, name: string) => join(scope.runtimeDir, "makers", `${kind}-${name}`);

/**
 * Notes the service that this process runs in as the one that has made a network or volume, or has found it, if a file
 * stands for it.
 */
export function noteMaker(scope: Scope, kind: Kind, name: string, run: string): void {
  const unit = basename(ownCgroup() ?? "");
  if (!isOfFile(scope, kind, unit)) return;
  const file = makerFile(scope, kind, name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  replaceFile(file, JSON.stringify({ unit, run } satisfies Maker));
}

/**
 * Stops the service that stands for a network or volume that has been removed; what requires it has stopped before.
 * Nothing happens where there is none, or where it is the service itself that removes it. Returns what systemctl
 * complains of.
 */
export function stopMaker(scope: Scope, kind: Kind, name: string, env: Environment): string | undefined {
  const file = makerFile(scope, kind, name);
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const forget = () => {
    // It may have been started again since, and have made it again.
    if (readIfThere(file) === text) removeIfThere(file);
  };
  const { unit, run } = JSON.parse(text) as Maker;
  if (env.INVOCATION_ID === run) {
    forget();
    return undefined;
  }
  // The service that this is called in may have to end before the other one can.
  const flags = [
    ...(scope.kind === "user" ? ["--user"] : []),
    ...(env.INVOCATION_ID === undefined ? [] : ["--no-block"]),
  ];
  const { exitCode, stderr } = runProgram("systemctl", ["stop", ...flags, "--", unit]);
  // One whose file has been removed since is not loaded any more once it has stopped.
  if (exitCode !== 0 && exitCode !== NOT_LOADED) return `stop ${unit}: ${stderr.split("\n")[0] ?? ""}`;
  forget();
  return undefined;
}

/** Any service may call berth; of one that the generator has made of a file the unit says so. */
function isOfFile(scope: Scope, kind: Kind, unit: string): boolean {
  const generated = join(dirname(scope.runtimeDir), "systemd", "generator");
  const text = readIfThere(join(generated, unit)) ?? readIfThere(join(generated, unit.replace(/@.*\./, "@."))) ?? "";
  return new RegExp(`^SourcePath=.*\\.${kind}$`, "m").test(text);
}
