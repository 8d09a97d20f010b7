import { findProgram } from "../../system/programs.ts";
import { RuntimeError } from "../error.ts";
import { ExportReader, type JournalEntry } from "./journal-export.ts";

/** One entry of what a unit's processes wrote. */
export interface OutputEntry {
  readonly cursor: string;
  /** Microseconds since 1970. */
  readonly time: bigint;
  readonly message: Uint8Array;
  /** The stream that it came by; "" for a message of its own. */
  readonly stream: string;
  /** Whether journald cut the line here, and the stream's next entry goes on with it (`LineMax=`, another PID). */
  readonly goesOn: boolean;
}

const FIELDS = ["MESSAGE", "_STREAM_ID", "_LINE_BREAK"];

/** Values of `_LINE_BREAK=` (systemd.journal-fields(7)) of a line that has no end yet. */
const GO_ON: readonly string[] = ["line-max", "pid-change"];

/**
 * The entries that journalctl finds for `words`, as they come. Ends when journalctl does, which it does without
 * `--follow`, or when `stop` fires. Throws "systemd" with journalctl's message.
 */
export async function* readJournal(words: readonly string[], stop?: AbortSignal): AsyncGenerator<OutputEntry> {
  const command = ["--quiet", "--no-pager", "--all", "--output=export", `--output-fields=${FIELDS.join(",")}`];
  const child = Bun.spawn([findProgram("journalctl"), ...command, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reader = new ExportReader();
  const end = () => child.kill();
  stop?.addEventListener("abort", end);
  try {
    if (stop?.aborted) end();
    for await (const piece of child.stdout) yield* reader.read(piece).map(toOutput);
    const said = await new Response(child.stderr).text();
    if ((await child.exited) !== 0 && stop?.aborted !== true && said !== "")
      throw new RuntimeError("systemd", said.trim());
  } finally {
    stop?.removeEventListener("abort", end);
    end();
  }
}

function toOutput(entry: JournalEntry): OutputEntry {
  const text = (name: string) => Buffer.from(entry.get(name) ?? []).toString("latin1");
  return {
    cursor: text("__CURSOR"),
    time: BigInt(text("__REALTIME_TIMESTAMP") || 0),
    message: entry.get("MESSAGE") ?? new Uint8Array(),
    stream: text("_STREAM_ID"),
    goesOn: GO_ON.includes(text("_LINE_BREAK")),
  };
}
