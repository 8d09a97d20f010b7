import { RuntimeError } from "../error.ts";

/**
 * Turns a message of runc into an error. As in a shell, the payload's own failures have their own exit codes, 127
 * ("command-not-found") and 126 ("command-not-executable"); every other failure is "oci-runtime".
 */
export function explainMessage(message: string): RuntimeError {
  const executable = /exec: "([^"]*)": (.*)$|exec (\S+): (.*)$|error finding executable "([^"]*)"/.test(message);
  if (executable && /executable file not found|no such file or directory/.test(message))
    return new RuntimeError("command-not-found", message);
  if (executable && /permission denied|exec format error|is a directory/.test(message))
    return new RuntimeError("command-not-executable", message);
  return new RuntimeError("oci-runtime", message);
}

/** The last error in a log of `--log-format json`, without runc's introduction; undefined if there is none. */
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
