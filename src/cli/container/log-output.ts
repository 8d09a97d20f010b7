import { type OutputEntry, readJournal } from "../../runtime/systemd/journal.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import { isContainerAlive } from "../../state/liveness.ts";
import { runProgram } from "../../system/process.ts";
import type { CommandContext } from "../program/command.ts";
import { formatLine, LineJoiner, type LogLine } from "./log-lines.ts";

/** How often to look whether a container has ended; how long its last words may take to the journal: milliseconds. */
const LOOK_MS = 100;
const LAST_WORDS_MS = 200;

/** The output of a container on its way from the journal to standard output. */
export class LogOutput {
  readonly #context: CommandContext;
  readonly #timestamps: boolean;
  readonly #since: readonly string[];
  readonly #matches: readonly string[];
  #joiner = new LineJoiner();
  /** Of the last entry that was read. */
  #cursor: string | undefined;

  /** `since` and `matches` are journalctl's arguments: where to begin, and what to show. */
  constructor(context: CommandContext, timestamps: boolean, since: readonly string[], matches: readonly string[]) {
    this.#context = context;
    this.#timestamps = timestamps;
    this.#since = since;
    this.#matches = matches;
  }

  /** Prints all lines. */
  async all(): Promise<void> {
    for await (const entry of readJournal(this.#words())) await this.#take(entry);
  }

  /** Prints the last lines. Some may be of several entries, so more are read until there are enough. */
  async last(count: number): Promise<void> {
    for (let wanted = count + 1; ; wanted *= 4) {
      const joiner = new LineJoiner();
      const lines: LogLine[] = [];
      let read = 0;
      for await (const entry of readJournal([`--lines=${wanted}`, ...this.#since, ...this.#matches])) {
        read++;
        this.#cursor = entry.cursor;
        const line = joiner.add(entry);
        if (line !== undefined) lines.push(line);
      }
      // The first line may lack its beginning.
      if (read === wanted && lines.length <= count) continue;
      this.#joiner = joiner;
      for (const line of count === 0 ? [] : lines.slice(-count)) await this.#print(line);
      return;
    }
  }

  /** Prints what comes until the container ends, and its last words. */
  async follow(record: ContainerRecord): Promise<void> {
    const { scope } = this.#context;
    const stop = new AbortController();
    const watch = async () => {
      while (!stop.signal.aborted && isContainerAlive(scope, record)) await Bun.sleep(LOOK_MS);
      stop.abort();
    };
    const watching = watch();
    const words = ["--follow", "--lines=all", ...this.#words()];
    for await (const entry of readJournal(words, stop.signal)) await this.#take(entry);
    stop.abort();
    await watching;
    // Only root may ask journald to write down what it has received.
    if (scope.kind === "system") runProgram("journalctl", ["--sync"], { stderr: "ignore" });
    else await Bun.sleep(LAST_WORDS_MS);
    await this.all();
  }

  /** Prints the lines that never got an end. */
  async end(): Promise<void> {
    for (const line of this.#joiner.rest()) await this.#print(line);
  }

  /** journalctl's arguments for what has not been read. It takes one beginning only. */
  #words(): readonly string[] {
    return [...(this.#cursor === undefined ? this.#since : [`--after-cursor=${this.#cursor}`]), ...this.#matches];
  }

  async #take(entry: OutputEntry): Promise<void> {
    this.#cursor = entry.cursor;
    const line = this.#joiner.add(entry);
    if (line !== undefined) await this.#print(line);
  }

  #print(line: LogLine): Promise<void> {
    return this.#context.outBytes(formatLine(line, this.#timestamps));
  }
}
