/**
 * A terminal of which only so much is known as progress bars need: lines, the cursor going up, wiping to the end. Text
 * that reaches the last column is an error here, since a real terminal may wrap it, and so is a cursor that would leave
 * the top.
 */
export class TestScreen {
  readonly lines: string[] = [""];
  #row = 0;
  #column = 0;

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {}

  write(text: string): void {
    for (const [token] of text.matchAll(/\x1b\[(\d*)([A-Z])|[\s\S]/g)) this.#take(token);
  }

  /** What stands on it, without what has scrolled away. */
  shown(): string[] {
    return this.lines.slice(-this.rows);
  }

  #take(token: string): void {
    const [, count = "", command] = /^\x1b\[(\d*)([A-Z])$/.exec(token) ?? [];
    if (command === "A") {
      this.#row -= Number(count || 1);
      if (this.#row < this.lines.length - this.rows) throw new Error("the cursor has left the screen");
    } else if (command === "J") {
      const kept = (this.lines[this.#row] ?? "").slice(0, this.#column);
      this.lines.splice(this.#row, Number.POSITIVE_INFINITY, kept);
    } else if (command !== undefined) throw new Error(`unknown sequence ${JSON.stringify(token)}`);
    else if (token === "\n") this.#newLine();
    else if (token === "\r") this.#column = 0;
    else {
      const before = this.lines[this.#row] ?? "";
      const line = `${before.slice(0, this.#column).padEnd(this.#column)}${token}${before.slice(this.#column + 1)}`;
      if (line.length >= this.columns) throw new Error(`too long for the screen: ${line}`);
      this.lines[this.#row] = line;
      this.#column += 1;
    }
  }

  /** The terminal puts a carriage return before it (stty(1), onlcr). */
  #newLine(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.lines.length) this.lines.push("");
  }
}
