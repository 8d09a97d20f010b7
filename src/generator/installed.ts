import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { failedWith } from "../error.ts";
import { type Scope, systemScope, userScope } from "../scope.ts";
import { defaultRuntime } from "../state/default-runtime.ts";
import { runningUnit, runningUnitNames } from "../state/running-units.ts";
import { readStopSignals } from "../state/stop-signals.ts";
import { templateOf } from "../unit/unit-name.ts";
import { type Generated, generate } from "./generate.ts";
import type { GenerateOptions, RunningUnits } from "./making/context.ts";
import { userManager } from "./making/user-manager.ts";
import { findSources, type SearchDirectory, type SearchOptions, searchDirectories } from "./reading/search.ts";
import type { Source } from "./reading/source.ts";

/** The program by which systemd executes those of units as of version 255: a version that costs no question. */
const EXECUTOR = "/usr/lib/systemd/systemd-executor";

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
export async function generateInstalled(options: SearchOptions, berth: string): Promise<Installed> {
  const { directories, warnings } = searchDirectories(options);
  const settings = await readSettings(options);
  const generated = generateFrom(directories, runningUnits(options), { ...options, ...settings.options }, berth);
  return { ...generated, warnings: [...warnings, ...settings.warnings] };
}

/** {@link generateInstalled} for other folders (absolute paths), without running services. */
export async function generateFolders(
  paths: readonly string[],
  options: SearchOptions,
  berth: string,
): Promise<Installed> {
  const directories = paths.map((path) => ({ path }));
  const { options: settings, warnings } = await readSettings(options);
  const running = { names: [], find: () => undefined };
  return { ...generateFrom(directories, running, { ...options, ...settings }, berth), warnings };
}

type Settings = Pick<GenerateOptions, "defaultRuntime">;

/** What berth.conf says of units. A file that cannot be used keeps no service from being made; the start reports it. */
async function readSettings(options: SearchOptions): Promise<{ options: Settings; warnings: readonly string[] }> {
  try {
    return { options: { defaultRuntime: await defaultRuntime(scopeOf(options)) }, warnings: [] };
  } catch (error) {
    if (!failedWith(error, "bad-settings")) throw error;
    return { options: {}, warnings: [(error as Error).message] };
  }
}

function scopeOf({ scope, uid, env }: SearchOptions): Scope {
  return scope === "system" ? systemScope() : userScope(uid, env, "/");
}

function generateFrom(
  directories: readonly SearchDirectory[],
  running: RunningUnits,
  { scope, uid, ...settings }: SearchOptions & Settings,
  berth: string,
): Omit<Installed, "warnings"> {
  const sources = findSources(directories);
  if (sources.length === 0 && running.names.length === 0)
    return { directories, sources, generated: { files: [], links: [], diagnostics: [] } };
  const stopSignals = scope === "system" ? readStopSignals(systemScope()) : new Map<string, number>();
  const { defaultRuntime: runtime } = settings;
  const options = {
    scope,
    berth,
    running,
    stopSignals,
    delegatesSubgroup: existsSync(EXECUTOR),
    ...userManager(scope, uid),
    ...(runtime && { defaultRuntime: runtime }),
  };
  return { directories, sources, generated: generate(sources, options) };
}

function runningUnits(searched: SearchOptions): RunningUnits {
  const { scope, env } = searched;
  const { runtimeDir } = scopeOf(searched);
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
