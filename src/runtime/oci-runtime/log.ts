/** The last error in a log of `--log-format json`, without the program's introduction; undefined if there is none. */
export function lastErrorIn(log: string): string | undefined {
  const messages = log.split("\n").flatMap((line) => errorOf(line) ?? []);
  return messages.at(-1)?.replace(/^runc (?:run|create) failed: /, "");
}

/**
 * The message of a line of the log; undefined for other levels, and for what is no entry (a line cut short by a kill).
 */
function errorOf(line: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== "object" || entry === null || !("level" in entry) || !("msg" in entry)) return undefined;
  return entry.level === "error" && typeof entry.msg === "string" ? entry.msg : undefined;
}
