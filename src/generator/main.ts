import { closeSync, constants, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import type { Environment } from "../environment.ts";
import { type Diagnostic, formatDiagnostic } from "../unit/diagnostic.ts";
import { generateInstalled } from "./installed.ts";
import { podmanGenerates } from "./podman-generator.ts";
import { writeGenerated } from "./write.ts";

const BESIDE_PODMAN =
  "Podman's generator makes units of the same files, and those count; berth setup --mask-podman keeps it from doing so";

/** Longest record that the kernel's log takes from one write: CONSOLE_EXT_LOG_MAX less what it adds. */
const KMSG_RECORD_MAX = 900;

/**
 * systemd.generator(7): `berth-generator NORMAL EARLY LATE`. Writes to NORMAL, or to LATE where Podman's generator runs
 * too. Returns the exit status: 0, or 1 if any file has an error. It runs at boot before all services and at every
 * daemon-reload, so it depends on no service.
 */
export async function generatorMain(argv: readonly string[], env: Environment): Promise<number> {
  const log = openLog(env);
  try {
    const [directory, , late] = argv;
    if (directory === undefined) {
      log.write("error", "missing output directory argument");
      return 1;
    }
    return await runGenerator(directory, late, env, log);
  } finally {
    log.close();
  }
}

async function runGenerator(directory: string, late: string | undefined, env: Environment, log: Log): Promise<number> {
  const options = { scope: scopeOf(process.argv0, env), uid: process.getuid?.() ?? 0, env };
  const { generated, warnings } = await generateInstalled(options, berthPath(process.execPath));
  for (const warning of warnings) log.write("warning", warning);
  for (const diagnostic of generated.diagnostics) log.write(diagnostic.severity, formatDiagnostic(diagnostic));
  const beside = late !== undefined && generated.files.length > 0 && podmanGenerates(options.scope);
  if (beside) log.write("warning", BESIDE_PODMAN);
  const failures = writeGenerated(beside ? late : directory, generated);
  for (const failure of failures) log.write("error", failure);
  return failures.length > 0 || generated.diagnostics.some(({ severity }) => severity === "error") ? 1 : 0;
}

/** The command `berth` beside the generator's executable, which is a link to it. */
export function berthPath(executable: string): string {
  return join(dirname(executable), "berth");
}

/** From the environment as of systemd 251; before, only the generator's directory shows it. */
function scopeOf(argv0: string, env: Environment): "system" | "user" {
  const scope = env.SYSTEMD_SCOPE;
  if (scope === "user" || scope === "system") return scope;
  return argv0.includes("user-generators") ? "user" : "system";
}

interface Log {
  write(severity: Diagnostic["severity"], text: string): void;
  close(): void;
}

/**
 * Writes to the kernel's log in the system's manager, as nothing else takes messages that early; otherwise to stderr,
 * which a user's manager puts in the journal.
 */
function openLog(env: Environment): Log {
  const kernel = env.SYSTEMD_SCOPE === "system" ? openKernelLog() : undefined;
  return {
    write: (severity, text) => {
      const line = `berth-generator[${process.pid}]: ${text}`;
      const level = severity === "error" ? 3 : 4;
      try {
        if (kernel === undefined) writeSync(2, `${line}\n`);
        // Without a line break the kernel would hold the record back until the next one.
        else writeSync(kernel, `<${level}>${line.slice(0, KMSG_RECORD_MAX)}\n`);
      } catch {
        // There is no place left to report this to; the units matter more.
      }
    },
    close: () => {
      if (kernel !== undefined) closeSync(kernel);
    },
  };
}

function openKernelLog(): number | undefined {
  try {
    // Without O_CREAT: a new file would be a plain one.
    return openSync("/dev/kmsg", constants.O_WRONLY | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}
