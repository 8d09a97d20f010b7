import type { CommandModule } from "./command.ts";

/** Every command of berth: its name, one line for `berth --help`, and its module, loaded only when it is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Left out of `berth --help`: what generated units call. */
  readonly hidden?: true;
  readonly load: () => Promise<CommandModule>;
}

export const COMMANDS: readonly CommandEntry[] = [
];
