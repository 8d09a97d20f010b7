import type { Scope } from "../../scope.ts";

/** What every command is given; nothing in src/cli but process-context.ts asks for its own. */
export interface CommandContext {
  readonly scope: Scope;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The whole command line of this process, beginning with the absolute path of berth: to execute it again. */
  readonly command: readonly string[];
  /** Results, for people or machines. */
  out(text: string): void;
  /** The same for what need not be text. Resolves when there is room for more. */
  outBytes(bytes: Uint8Array): Promise<void>;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** The size of the terminal that stderr is, as it is now; undefined where nothing can be redrawn. */
  errTerminal(): { readonly columns: number; readonly rows: number } | undefined;
  /** Whether results go to a terminal. */
  outIsTerminal(): boolean;
  /** Standard input; undefined where it is a terminal. */
  input(): AsyncIterable<Uint8Array> | undefined;
  /** Asks the person at the terminal; undefined where standard input is none. */
  ask(question: string): Promise<string> | undefined;
}

/** A command line that people can copy, and what it does. */
export interface Example {
  readonly command: string;
  readonly help: string;
}

/**
 * The texts of a command's help and manual page, besides its arguments and options. `Words` in backquotes are set bold.
 */
export interface CommandManual {
  /** The first paragraph, also shown by `--help`. */
  readonly description: string;
  /** Further paragraphs, for the manual page. */
  readonly details?: readonly string[];
  readonly examples: readonly Example[];
}

/** An error with the program's exit code, which follows podman (125) and systemctl. */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
