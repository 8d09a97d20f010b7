import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { systemScope, userScope } from "../scope.ts";
import { runningUnit, runningUnitNames } from "../state/running-units.ts";
import { readStopSignals } from "../state/stop-signals.ts";
import { templateOf } from "../unit/unit-name.ts";
import { type Generated, generate } from "./generate.ts";
import type { RunningUnits } from "./making/context.ts";
import { userManager } from "./making/user-manager.ts";
import { findSources, type SearchDirectory, type SearchOptions, searchDirectories } from "./reading/search.ts";
import type { Source } from "./reading/source.ts";

/** The output of the generator for the installed files. */
export interface Installed {
  readonly directories: readonly SearchDirectory[];
  readonly sources: readonly Source[];
  readonly generated: Generated;
  /** Parts of QUADLET_UNIT_DIRS that could not be used. */
  readonly warnings: readonly string[];
}

/**
 * Reads the installed files and the running services, and generates the units; `berth` is the executable's path. Writes
 * nothing.
 */
export function generateInstalled(options: SearchOptions, berth: string): Installed {
  const { directories, warnings } = searchDirectories(options);
  return { ...generateFrom(directories, runningUnits(options), options, berth), warnings };
}

/** {@link generateInstalled} for other folders (absolute paths), without running services. */
export function generateFolders(paths: readonly string[], options: SearchOptions, berth: string): Installed {
  const directories = paths.map((path) => ({ path }));
  return { ...generateFrom(directories, { names: [], find: () => undefined }, options, berth), warnings: [] };
}

function generateFrom(
  directories: readonly SearchDirectory[],
  running: RunningUnits,
  { scope, uid }: SearchOptions,
  berth: string,
): Omit<Installed, "warnings"> {
  const sources = findSources(directories);
  if (sources.length === 0 && running.names.length === 0)
    return { directories, sources, generated: { files: [], links: [], diagnostics: [] } };
  const stopSignals = scope === "system" ? readStopSignals(systemScope()) : new Map<string, number>();
  const options = { scope, berth, running, stopSignals, ...userManager(scope, uid) };
  return { directories, sources, generated: generate(sources, options) };
}

function runningUnits({ scope, uid, env }: SearchOptions): RunningUnits {
  const { runtimeDir } = scope === "system" ? systemScope() : userScope(uid, env, "/");
  const names = runningUnitNames({ runtimeDir });
  const instances = new Map<string, string[]>();
  for (const name of names) {
    const template = templateOf(name);
    if (template !== undefined) instances.set(template, [...(instances.get(template) ?? []), name]);
  }
  const known = new Set(names);
  return {
    names,
    stopSignals: (service) =>
      (known.has(service) ? [service] : (instances.get(service) ?? [])).map((name) => {
        const running = runningUnit({ runtimeDir }, name);
        return running?.kind === "container" ? running.stopSignal : undefined;
      }),
    find: (name) =>
      otherUnitDirectories(scope, env).some((directory) => existsSync(join(directory, name)))
        ? undefined
        : runningUnit({ runtimeDir }, name),
  };
}

/**
 * Directories of units that no generator writes, among them the transient ones of `berth run --detach`:
 * systemd.unit(5).
 */
function otherUnitDirectories(scope: SearchOptions["scope"], env: SearchOptions["env"]): string[] {
  if (scope === "system")
    return ["/etc", "/run", "/usr/local/lib", "/usr/lib"]
      .map((base) => `${base}/systemd/system`)
      .concat("/run/systemd/transient");
  const { HOME = "/", XDG_RUNTIME_DIR = "/run", XDG_CONFIG_HOME, XDG_DATA_HOME } = env;
  const own = [XDG_CONFIG_HOME || join(HOME, ".config"), XDG_DATA_HOME || join(HOME, ".local/share"), XDG_RUNTIME_DIR];
  return [...own, "/etc", "/run", "/usr/local/lib", "/usr/lib"]
    .map((base) => `${base}/systemd/user`)
    .concat(join(XDG_RUNTIME_DIR, "systemd/transient"));
}
