import { findProgram, type Program } from "./programs.ts";

/** The environment of programs that must not depend on the caller's. */
export const PLAIN_ENVIRONMENT: Readonly<Record<string, string>> = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

export interface RunOptions {
  /** The text on standard input; empty by default. */
  readonly stdin?: string;
  /** Discarded (the default), captured in the result, inherited, or written to an open file. */
  readonly stdout?: "ignore" | "pipe" | "inherit" | number;
  /** Captured in the result by default. */
  readonly stderr?: "ignore" | "pipe" | "inherit";
  /** An open file that the program has as file descriptor 3. */
  readonly file?: number;
  /** The whole environment; this process's own by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is killed. */
  readonly timeout?: number;
}

export interface Finished {
  /** Null if a signal ended the program. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Trimmed. */
  readonly stderr: string;
}

/** Runs one of the distribution's programs and waits until it ends. Throws "missing-program". */
export function runProgram(program: Program, args: readonly string[], options: RunOptions = {}): Finished {
  return runCommand([findProgram(program), ...args], options);
}

/** The same for a command of which the first word is an absolute path. */
export function runCommand(words: readonly string[], options: RunOptions = {}): Finished {
  const { stdin, stdout = "ignore", stderr = "pipe", file, env, timeout } = options;
  const child = Bun.spawnSync([...words], {
    stdio: [stdin === undefined ? "ignore" : Buffer.from(stdin), stdout, stderr, ...(file === undefined ? [] : [file])],
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(timeout === undefined ? {} : { timeout }),
  });
  return {
    exitCode: child.exitCode,
    stdout: child.stdout?.toString() ?? "",
    stderr: child.stderr?.toString().trim() ?? "",
  };
}
