import type { Command } from "commander";
import type { CommandContext, CommandManual } from "./command.ts";

/** All commands and their groups. */
export interface CommandTable {
  readonly groups: readonly CommandGroup[];
  readonly commands: readonly CommandEntry[];
}

/**
 * A command: its name, one line for `berth --help`, and its module, which is loaded only when the command is called.
 */
export interface CommandEntry {
  /** One word, or the group's name and a word: `image pull`. */
  readonly name: string;
  readonly summary: string;
  /** For generated units only: `berth --help` leaves it out. */
  readonly hidden?: true;
  /** The command that this is another name for; the manual describes only that one. */
  readonly sameAs?: string;
  /** Podman's and docker's other words for the last word of the name. */
  readonly aliases?: readonly string[];
  /** Its first argument is followed by another program's command line, which is passed on unread. */
  readonly runsCommand?: true;
  readonly load: () => Promise<CommandModule>;
}

/** The commands for one kind of object, under podman's word for it: `berth image …`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

/** A command's name, and its other names. */
export function commandNames({ name, aliases = [] }: CommandEntry): string[] {
  return [name, ...aliases.map((alias) => name.replace(/\S+$/, alias))];
}

/** A command's own file: it adds its arguments, options and action to the given commander command. */
export interface CommandModule {
  /** Absent for commands that only generated units call. */
  readonly manual?: CommandManual;
  /** `table` is the command's own table: `setup` makes the manual and the completion from it. */
  define(command: Command, context: CommandContext, table: CommandTable): void;
}
