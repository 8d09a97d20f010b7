import { quoteExecWord } from "../unit/quoting.ts";

/** A command line in the making, for ExecStart= and its like. */
export class CommandLine {
  readonly #words: string[] = [];

  /** A word of ours with nothing in it that needs quoting: `--env`. */
  plain(word: string): this {
    this.#words.push(word);
    return this;
  }

  /** Words that the program gets exactly as they are. */
  literal(...words: readonly string[]): this {
    for (const word of words) this.#words.push(quoteExecWord(word));
    return this;
  }

  /** Words of the user's (or ours) in which systemd replaces %specifiers and variables. */
  expanded(...words: readonly string[]): this {
    for (const word of words) this.#words.push(quoteExecWord(word, { expand: "expanded" }));
    return this;
  }

  toString(): string {
    return this.#words.join(" ");
  }
}
