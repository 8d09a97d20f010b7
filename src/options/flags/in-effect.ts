import { invalid, isDeferred, quoted, type ValueParser, valid } from "../values/check.ts";

/** Words for yes and no, as systemd and Quadlet read them. */
export const YES: readonly string[] = ["yes", "true", "on", "1"];
export const NO: readonly string[] = ["no", "false", "off", "0"];

/** Where output goes: a service's container writes to the journal itself. */
export const LOG_DRIVERS: readonly string[] = ["journald", "passthrough"];

/**
 * The grammar of what is so anyway: these words, in any case, which are accepted and lead to nothing. Any other one is
 * not supported yet.
 */
export function inEffectOnly(values: readonly string[]): ValueParser<string> {
  return (text) => {
    if (values.includes(text.toLowerCase())) return valid(text);
    if (isDeferred(text))
      return invalid("not-supported-yet", "only a value that is known when the file is read is supported");
    return invalid("not-supported-yet", `${quoted(text)} is not supported yet`, { hint: `only ${values[0]} is` });
  };
}
