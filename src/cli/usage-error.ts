import type { CommanderError } from "commander";
import { closest } from "../generator/suggest.ts";
import { CommandError } from "./command.ts";

/** As podman: anything wrong with the command line. */
export const USAGE_EXIT_CODE = 125;

/** Commands that people know from elsewhere, and what does the same here. */
const INSTEAD: Readonly<Record<string, string>> = {
  build: "buildah or podman build an image, berth load takes it",
  enable: "[Install] of the container file is what enables it",
  kill: "systemctl kill does that",
  login: "credentials of podman login, skopeo login and docker login are used",
  restart: "systemctl restart does that",
  reload: "systemctl reload, or systemctl daemon-reload after a change of files",
  rm: "a container goes when it ends; berth stop ends it",
  stats: "systemd-cgtop shows that",
  status: "systemctl status does that",
  top: "systemctl status and systemd-cgls show that",
  version: "berth --version",
};

/** The error for a first word that is no command. */
export function unknownCommand(word: string, commands: readonly string[]): CommandError {
  const instead = Object.hasOwn(INSTEAD, word) ? INSTEAD[word] : undefined;
  const near = closest(word, commands);
  const hint = instead ?? (near === undefined ? "see berth --help" : `did you mean "${near}"?`);
  return new CommandError(`unknown command "${word}" (${hint})`, USAGE_EXIT_CODE);
}

/**
 * What commander found wrong with a command line, in berth's form: one line, lower case, double quotes, and where to
 * read on if there is no suggestion. `command` is the command that was meant, "" for none.
 */
export function usageError({ message }: CommanderError, command: string): CommandError {
  const text = message
    .replace(/^error: /, "")
    .replace(/^option '(?:-\w, )?(--[\w-]+)(?: <.+>)?' argument '(.*)' is invalid\. (.)/, (_, name, value, first) => {
      return `${name} ${value}: ${first.toLowerCase()}`;
    })
    .replace(/^option '(?:-\w, )?(--[\w-]+)(?: <.+>)?' argument missing$/, "$1 needs a value")
    .replace(
      /^too many arguments for '\S+'\. Expected (\d+) arguments? but got (\d+)\.$/,
      "arguments: $1 expected, $2 given",
    )
    .replace(/^(missing required argument) '(.+)'$/, (_, what, name) => `${what} ${name.toUpperCase()}`)
    .replace(/\n\(Did you mean (.+)\?\)$/, " (did you mean $1?)")
    .replace(/\.$/, "")
    .replace(/'/g, '"');
  const hint = text.includes("did you mean") ? "" : ` (see berth ${command === "" ? "" : `${command} `}--help)`;
  return new CommandError(`${text}${hint}`, USAGE_EXIT_CODE);
}
