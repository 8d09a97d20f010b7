import type { Command } from "commander";
import type { Environment } from "../../environment.ts";
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

/**
 * Whether systemd has executed this very process, and so has expanded its command line: a `%i` that is left was `%%i`.
 * Children of a service inherit $SYSTEMD_EXEC_PID, but have another PID (systemd.exec(5), as of systemd 248).
 */
export function isExpanded(env: Environment, pid: number = process.pid): boolean {
  return env.SYSTEMD_EXEC_PID === String(pid);
}
