import { accessSync, constants } from "node:fs";
import { userInfo } from "node:os";
import { userNamespaceOwner } from "../../runtime/user-namespace/enter.ts";
import { systemScope, userScope } from "../../scope.ts";
import type { CommandContext } from "./command.ts";
import { describeFailure, exitCodeOf } from "./failure.ts";
import { isServiceCommand } from "./service-command.ts";

/** The context of this process, the only one that commands see. */
export function processContext(): CommandContext {
  // In a user namespace that berth made, uid 0 is the user, not root.
  const uid = userNamespaceOwner(process.env) ?? process.getuid?.() ?? 0;
  return {
    scope: uid === 0 ? systemScope() : userScope(uid, process.env, userInfo().homedir),
    env: process.env,
    cwd: callersFolder(),
    command: [process.execPath, ...process.argv.slice(2)],
    // The streams are looked at when they are used: making them loads the network code, milliseconds of a container's
    // start.
    out: (text) => write(process.stdout, text),
    outBytes: (bytes) => writeBytes(process.stdout, bytes),
    err: (text) => write(process.stderr, text),
    errTerminal: () => {
      if (process.stderr.isTTY !== true || process.env.TERM === "dumb") return undefined;
      // A terminal without a size (a serial line) is given the usual one.
      return { columns: process.stderr.columns || 80, rows: process.stderr.rows || 24 };
    },
    outIsTerminal: () => process.stdout.isTTY,
    input: () => (process.stdin.isTTY ? undefined : process.stdin),
    ask: (question) => (process.stdin.isTTY ? ask(question) : undefined),
  };
}

/**
 * The folder that relative paths begin in. Where the caller may not enter it (root's home, kept by su(1)) this process
 * goes to "/", since no program could be started from there.
 */
function callersFolder(): string {
  const folder = process.cwd();
  try {
    accessSync(folder, constants.X_OK);
  } catch {
    process.chdir("/");
  }
  return folder;
}

/**
 * Runs a command and sets the process's exit code. Never throws: a failure is reported on stderr, or in the journal.
 */
export async function reportFailure(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const message = describeFailure(error);
    const line = `berth: error: ${message}`;
    const { tellUsersJournal } = await import("./users-journal.ts");
    if (!tellUsersJournal(line, process.env)) process.stderr.write(`${line}\n`);
    process.exitCode = exitCodeOf(error);
    if (isServiceCommand(process.env)) (await import("./tell-dependents.ts")).tellDependents(message);
  }
}

/** Writes; a reader that has gone (`berth ps | head -1`) ends the program quietly, as SIGPIPE would have. */
function write(stream: NodeJS.WriteStream, text: string): void {
  if (stream.listenerCount("error") === 0) stream.on("error", () => process.exit());
  try {
    stream.write(text);
  } catch {
    process.exit();
  }
}

function writeBytes(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (stream.listenerCount("error") === 0) stream.on("error", () => process.exit());
  return new Promise((resolve) => {
    stream.write(bytes, () => resolve());
  });
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await asked.question(question);
  } finally {
    asked.close();
  }
}
