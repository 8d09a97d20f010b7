import type { Command } from "commander";
import { refuseUnexpanded } from "../../options/flags/flag-reader.ts";

/** Values that commands hand on as they are, by the option's long form: `%` and `$` in them mean themselves. */
export const FREE_TEXT: Readonly<Record<string, (value: string) => boolean>> = {
  "--creds": () => true,
  "--decryption-key": () => true,
  "--env": () => true,
  "--filter": () => true,
  "--format": () => true,
  "--label": () => true,
  // mount(8)'s words, a password among them.
  "--opt": (value) => value.startsWith("o="),
};

/**
 * Has a command refuse words that only systemd expands, in the value of every option that is not free text, before the
 * option's own parser sees it. The error is an OptionError.
 */
export function refuseUnexpandedOptions(command: Command): void {
  for (const option of command.options) {
    const { long = "", parseArg } = option;
    if (!option.required && !option.optional) continue;
    const isFree = Object.hasOwn(FREE_TEXT, long) ? FREE_TEXT[long] : undefined;
    option.argParser((value: string, before: unknown) => {
      if (isFree?.(value) !== true) refuseUnexpanded(long, value);
      return parseArg === undefined ? value : parseArg(value, before);
    });
  }
}
