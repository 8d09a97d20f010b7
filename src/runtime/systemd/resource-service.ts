import { mkdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Environment } from "../../environment.ts";
import { text } from "../../json-fields.ts";
import type { Scope } from "../../scope.ts";
import { StateError } from "../../state/error.ts";
import { readRecordFile, recordFormat, writeRecordFile } from "../../state/record-format.ts";
import { readIfThere, removeIfThere } from "../../system/files.ts";
import { runProgram } from "../../system/process.ts";
import { ownCgroup } from "../oci-runtime/container-cgroup.ts";

/*
 * The service of a `.network` or `.volume` file is active for as long as its network or volume is to be there. When
 * that is removed the service has to stop, or it would not make it again for the next container that requires it. So
 * the service is noted when it makes the network or volume, or finds it.
 */

type Kind = "network" | "volume";

/** systemctl's exit code for a unit that does not exist, systemctl(1). */
const NOT_LOADED = 5;

interface ResourceService {
  readonly unit: string;
  /** The unit's $INVOCATION_ID. */
  readonly run: string;
}

const formatOf = (kind: Kind) =>
  recordFormat<ResourceService>(
    { noun: `the service of ${kind}`, verb: "started", remedy: "remove that file" },
    { unit: text, run: text },
  );

/** Notes go with a reboot, as the services' states do. */
const noteFile = (scope: Scope, kind: Kind, name: string) => join(scope.runtimeDir, "makers", `${kind}-${name}`);

/**
 * Notes the service that this process runs in as that of the network or volume, which it has made or found; nothing
 * happens in the service of another file, or of none. `run` is its $INVOCATION_ID.
 */
export function noteResourceService(scope: Scope, kind: Kind, name: string, run: string): void {
  const unit = basename(ownCgroup() ?? "");
  if (!isOfFile(scope, kind, unit)) return;
  const file = noteFile(scope, kind, name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeRecordFile(file, formatOf(kind), { unit, run });
}

/**
 * Stops the service of a network or volume that has been removed; what requires it has stopped before. Nothing happens
 * where there is none, or where that service itself removes it. Returns systemctl's complaint, or the one about a
 * note that cannot be read: the network or volume is gone all the same.
 */
export function stopResourceService(scope: Scope, kind: Kind, name: string, env: Environment): string | undefined {
  const file = noteFile(scope, kind, name);
  const read = () => readRecordFile(file, formatOf(kind), name);
  let noted: ResourceService | undefined;
  try {
    noted = read();
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
  if (noted === undefined) return undefined;
  const { unit, run } = noted;
  const forget = () => {
    // It may have been started again since, and have made it again.
    if (read()?.run === run) removeIfThere(file);
  };
  if (env.INVOCATION_ID === run) {
    forget();
    return undefined;
  }
  // The calling service may have to end before the other one can.
  const flags = [
    ...(scope.kind === "user" ? ["--user"] : []),
    ...(env.INVOCATION_ID === undefined ? [] : ["--no-block"]),
  ];
  const { exitCode, stderr } = runProgram("systemctl", ["stop", ...flags, "--", unit]);
  // A service whose file has been removed is not loaded any more once it has stopped.
  if (exitCode !== 0 && exitCode !== NOT_LOADED) return `stop ${unit}: ${stderr.split("\n")[0] ?? ""}`;
  forget();
  return undefined;
}

/** Any service may call berth; a generated one names its file (systemd.unit(5), SourcePath=). */
function isOfFile(scope: Scope, kind: Kind, unit: string): boolean {
  const generated = join(dirname(scope.runtimeDir), "systemd", "generator");
  const template = unit.replace(/@.*\./, "@.");
  const unitFile = readIfThere(join(generated, unit)) ?? readIfThere(join(generated, template)) ?? "";
  const [, source = ""] = /^SourcePath=(.*)$/m.exec(unitFile) ?? [];
  return extname(source) === `.${kind}`;
}
