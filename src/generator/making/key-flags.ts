import type { KeyReader } from "../reading/key-reader.ts";
import type { CommandLine } from "./command-line.ts";

/**
 * Adds the flags of keys by the key table: `--flag VALUE` for each value; `--flag` or `--flag=false` for a boolean.
 * Absent keys add nothing.
 */
export function addFlags(line: CommandLine, keys: KeyReader, ...names: readonly string[]): void {
  // Most keys are absent from most files, and this runs for each of them at every boot.
  for (const name of names) if (keys.has(name)) addFlag(line, keys, name);
}

function addFlag(line: CommandLine, keys: KeyReader, name: string): void {
  const { flag = name, prefix = "", values } = keys.spec(name);
  if (values === "boolean") {
    const truth = keys.boolean(name);
    if (truth !== undefined) line.plain(truth ? `--${flag}` : `--${flag}=false`);
    return;
  }
  const given = values === "string" ? [keys.string(name)] : keys.list(name);
  for (const value of given) if (value !== undefined) line.plain(`--${flag}`).expanded(prefix + value.text);
}
