import { RuntimeError } from "../error.ts";

/**
 * Turns a message of crun into an error. As in a shell, the payload's own failures have their own exit codes, 127
 * ("command-not-found") and 126 ("command-not-executable"); every other failure is "oci-runtime".
 */
export function explainMessage(message: string): RuntimeError {
  const executable = /^(?:executable file |open executable|open `|exec container process |cannot find )/.test(message);
  if (executable && /not found|No such file or directory/.test(message))
    return new RuntimeError("command-not-found", message);
  if (executable && /Permission denied|Exec format error|Is a directory/.test(message))
    return new RuntimeError("command-not-executable", message);
  // Debian 12's raises the limit for its own BPF program, which not every machine lets it do.
  const hint = message.startsWith("setrlimit (RLIM_MEMLOCK)")
    ? " (crun before 1.21 may not be able to start containers here: install a later one, or use Runtime=runc)"
    : "";
  return new RuntimeError("oci-runtime", message + hint);
}
