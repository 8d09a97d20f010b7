import { BerthError } from "../error.ts";

/** A command line that cannot be carried out; the code is that of the value's problem, such as `bad-port`. */
export class OptionError extends BerthError {}
