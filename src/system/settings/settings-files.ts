/** Where berth.conf(5) is, and its text. What the text says is for settings-sections.ts, loaded where there is one. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isErrno, SystemError } from "../error.ts";
import { readBounded } from "../read-bounded.ts";

/** A settings file that is there. */
export interface SettingsText {
  readonly path: string;
  readonly text: string;
}

/** The longest settings file that is read: bytes. */
const SETTINGS_MAX = 1024 * 1024;

/**
 * The settings files in these folders (Scope's `configDirs`), what counts first before the rest: drop-ins before the
 * main files, of drop-ins later names first. Throws "bad-settings" for what cannot be read.
 */
export function settingsTexts(dirs: readonly string[]): SettingsText[] {
  return configFiles(dirs).flatMap((path) => {
    const text = textOf(path);
    return text === undefined ? [] : [{ path, text }];
  });
}

function configFiles(dirs: readonly string[]): string[] {
  const dropIns = dirs.flatMap((dir) => {
    const folder = join(dir, "berth.conf.d");
    return listed(folder)
      .filter((name) => name.endsWith(".conf"))
      .map((name) => ({ name, path: join(folder, name) }));
  });
  const later = dropIns.toSorted((a, b) => (a.name < b.name ? 1 : a.name > b.name ? -1 : 0)).map(({ path }) => path);
  return [...later, ...dirs.map((dir) => join(dir, "berth.conf"))];
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (cause) {
    if (isErrno(cause, "ENOENT", "ENOTDIR")) return [];
    throw new SystemError("bad-settings", `read ${dir}`, { cause });
  }
}

function textOf(path: string): string | undefined {
  let bytes: Buffer | undefined;
  try {
    bytes = readBounded(path, SETTINGS_MAX);
  } catch (cause) {
    if (isErrno(cause, "ENOENT", "ENOTDIR")) return undefined;
    throw new SystemError("bad-settings", `read ${path}`, { cause });
  }
  if (bytes === undefined) throw new SystemError("bad-settings", `${path}: it is not a regular file`);
  return bytes.toString();
}
