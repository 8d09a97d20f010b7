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
