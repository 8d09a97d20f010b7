import { type QuoteOptions, quoteExecWord } from "../../unit/quoting.ts";

const EXPANDED: QuoteOptions = { expand: "expanded" };

/** A command line in the making, for ExecStart= and its like. */
export class CommandLine {
  readonly #words: string[] = [];

  /** berth's own words, with nothing in them that needs quoting: `--env`, `--unit %n`. */
  plain(words: string): this {
    this.#words.push(words);
    return this;
  }

  /** Words that the program gets exactly as they are. */
  literal(...words: readonly string[]): this {
    for (const word of words) this.#words.push(quoteExecWord(word));
    return this;
  }

  /** A word of the user's or berth's in which systemd replaces %specifiers and variables. */
  expanded(word: string): this {
    this.#words.push(quoteExecWord(word, EXPANDED));
    return this;
  }

  toString(): string {
    return this.#words.join(" ");
  }
}
