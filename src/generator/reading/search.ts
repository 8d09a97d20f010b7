import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path/posix";
import { readBounded } from "../../system/read-bounded.ts";
import { dropInDirectories, selectDropIns } from "../../unit/drop-in.ts";
import { fileTypeOf } from "./file-type.ts";
import { instancesWithDropIns } from "./instances.ts";
import type { Source, SourceText } from "./source.ts";

/** A directory that is searched for Quadlet files, with everything below it. */
export interface SearchDirectory {
  readonly path: string;
  /** Directories right below it that belong to another owner. */
  readonly skip?: (name: string) => boolean;
  /** The prefix of its files' names when they are shown; nothing by default. */
  readonly shownAs?: string;
}

/** The inputs of the search; nothing here reads the process's own state. */
export interface SearchOptions {
  readonly scope: "system" | "user";
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The directories in order of precedence, and the parts of QUADLET_UNIT_DIRS that could not be used. */
export interface SearchDirectories {
  readonly directories: readonly SearchDirectory[];
  readonly warnings: readonly string[];
}

/** QUADLET_UNIT_DIRS if it is set, else the directories of podman-systemd.unit(5). */
export function searchDirectories(options: SearchOptions): SearchDirectories {
  const listed = options.env.QUADLET_UNIT_DIRS;
  if (listed !== undefined && listed !== "") {
    const paths = listed.split(":").filter((path) => path !== "");
    const relative = paths.filter((path) => !path.startsWith("/"));
    return {
      directories: paths.filter((path) => path.startsWith("/")).map((path) => ({ path })),
      warnings: relative.map((path) => `QUADLET_UNIT_DIRS: ${path} not a valid file path: it is relative`),
    };
  }
  return { directories: options.scope === "user" ? userDirectories(options) : systemDirectories(), warnings: [] };
}

function systemDirectories(): SearchDirectory[] {
  const skip = (name: string): boolean => name === "users";
  return [
    { path: "/run/containers/systemd" },
    { path: "/etc/containers/systemd", skip },
    { path: "/usr/share/containers/systemd", skip },
  ];
}

function userDirectories({ uid, env }: SearchOptions): SearchDirectory[] {
  const skip = (name: string): boolean => /^\d+$/.test(name);
  const runtime = env.XDG_RUNTIME_DIR;
  const home = env.HOME;
  const config = env.XDG_CONFIG_HOME || (home ? join(home, ".config") : undefined);
  const shared = ["/etc/containers/systemd/users", "/usr/share/containers/systemd/users"];
  return [
    ...[runtime, config].flatMap((base) => (base ? [{ path: join(base, "containers/systemd") }] : [])),
    ...shared.flatMap((path) => [{ path: join(path, String(uid)) }, { path, skip }]),
  ];
}

/** A directory that was searched, by its real path. */
interface Base {
  readonly path: string;
  readonly shownAs: string;
}

/** One directory that was found, with the names of the files in it. */
interface FoundDirectory {
  readonly base: Base;
  readonly path: string;
  readonly files: readonly Dirent[];
}

/**
 * Every Quadlet file below the directories, with its drop-ins, in order of precedence: of files of the same name the
 * first one counts. An empty file, or a link to /dev/null, hides later ones and makes nothing, as with systemd's units.
 * Never throws: a file that cannot be read becomes a source with the reason.
 */
export function findSources(directories: readonly SearchDirectory[]): Source[] {
  const found: FoundDirectory[] = [];
  const dropIns = new Map<string, DropInDirectory[]>();
  const visited = new Set<string>();
  for (const { path, skip, shownAs = "" } of directories) {
    const real = resolved(path);
    if (real !== undefined) walk({ path: real, shownAs }, real, skip, visited, found, dropIns);
  }
  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const { base, path: directory, files } of found) {
    const shownDirectory = shown(base, directory);
    for (const entry of files) {
      const { name } = entry;
      if (fileTypeOf(name) === undefined || seen.has(name)) continue;
      seen.add(name);
      const path = join(directory, name);
      const text = read(path, join(shownDirectory, name), entry.isFile());
      if (text.content instanceof Uint8Array && text.content.length === 0) continue;
      sources.push({ ...text, name, path, dropIns: dropIns.size === 0 ? [] : readDropIns(name, dropIns) });
    }
  }
  if (dropIns.size === 0) return sources;
  return [...sources, ...instancesWithDropIns(sources, dropIns.keys(), (name) => readDropIns(name, dropIns))];
}

/** One file by its path, with the drop-ins beside it; `shownPath` is the path as the user wrote it. */
export function readSource(path: string, shownPath: string): Source {
  const directory = dirname(path);
  const beside = new Map<string, DropInDirectory[]>();
  for (const entry of list(directory)) {
    if (entry.name.endsWith(".d"))
      pushTo(beside, entry.name, {
        base: { path: directory, shownAs: dirname(shownPath) },
        path: join(directory, entry.name),
      });
  }
  const name = basename(path);
  return { ...read(path, shownPath, false), name, path, dropIns: readDropIns(name, beside) };
}

interface DropInDirectory {
  readonly base: Base;
  readonly path: string;
}

/**
 * Directories: parents before children, names by their bytes; every directory once, so that links cannot make a loop.
 */
function walk(
  base: Base,
  path: string,
  skip: ((name: string) => boolean) | undefined,
  visited: Set<string>,
  found: FoundDirectory[],
  dropIns: Map<string, DropInDirectory[]>,
): void {
  if (visited.has(path)) return;
  visited.add(path);
  const files: Dirent[] = [];
  const children: string[] = [];
  for (const entry of list(path)) {
    if (entry.isFile()) {
      files.push(entry);
      continue;
    }
    const below = join(path, entry.name);
    const isDirectory = entry.isDirectory() || (entry.isSymbolicLink() && isDirectoryAt(below));
    if (!isDirectory) files.push(entry);
    else if (entry.name.endsWith(".d")) pushTo(dropIns, entry.name, { base, path: below });
    else if (skip?.(entry.name) !== true) children.push(entry.isSymbolicLink() ? (resolved(below) ?? below) : below);
  }
  found.push({ base, path, files });
  for (const child of children) if (!child.endsWith(".d")) walk(base, child, undefined, visited, found, dropIns);
}

/** The drop-ins of a file, chosen among those of all directories. */
function readDropIns(name: string, dropIns: ReadonlyMap<string, readonly DropInDirectory[]>): SourceText[] {
  const shownPaths = new Map<string, string>();
  for (const directory of dropInDirectories(name)) {
    for (const { base, path } of dropIns.get(directory) ?? []) {
      for (const entry of list(path)) {
        const file = join(path, entry.name);
        if (entry.name.endsWith(".conf")) shownPaths.set(file, shown(base, file));
      }
    }
  }
  return selectDropIns([...shownPaths.keys()]).map((path) => read(path, shownPaths.get(path) ?? path, false));
}

/** A path below a directory that was searched, as it is shown. */
function shown({ path, shownAs }: Base, below: string): string {
  const rest = relative(path, below);
  return shownAs === "" ? rest : join(shownAs, rest);
}

/** The longest file that is read: bytes. systemd reads lines of a megabyte at most. */
const FILE_MAX = 4 * 1024 * 1024;

/** Reads a file. `isFile`: it is known to be no device. */
function read(path: string, shownPath: string, isFile: boolean): SourceText {
  try {
    // /dev/null, where a link masks a unit.
    if (!isFile && statSync(path).isCharacterDevice()) return { shownPath, content: new Uint8Array() };
    return { shownPath, content: readBounded(path, FILE_MAX) ?? { failure: "it is not a regular file" } };
  } catch (error) {
    return { shownPath, content: { failure: failureOf(error) } };
  }
}

/** An error's message without its path, which is shown anyway: `ENOENT: no such file or directory`. */
function failureOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^[A-Z]+: /, "").replace(/, \w+(?: '.*)?$/, "");
}

/** The directory's entries in the order of their names' bytes; none if it cannot be read. */
function list(path: string): Dirent[] {
  const entries = new Map<string, Dirent>();
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) entries.set(entry.name, entry);
  } catch {
    return [];
  }
  // Names alone are sorted without calling back: entries would take ten calls each in a folder of a thousand.
  return [...entries.keys()].sort().flatMap((name) => entries.get(name) ?? []);
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function isDirectoryAt(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function pushTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
