import { expect, test } from "bun:test";
import { formatLine, LineJoiner } from "../../../src/cli/container/log-lines.ts";
import { journalTime } from "../../../src/cli/container/log-time.ts";
import type { OutputEntry } from "../../../src/runtime/systemd/journal.ts";

function entry(message: string, stream: string, goesOn: boolean, time = 0n): OutputEntry {
  return { cursor: "", time, message: Buffer.from(message), stream, goesOn };
}

function joined(entries: readonly OutputEntry[]): string[] {
  const joiner = new LineJoiner();
  const lines = [...entries.map((one) => joiner.add(one)), ...joiner.rest()];
  return lines.flatMap((line) => (line === undefined ? [] : [Buffer.from(line.text).toString()]));
}

test("a line that journald has split is one again, among those of other streams", () => {
  const entries = [entry("aa", "1", true), entry("other", "2", false), entry("bb", "1", true), entry("cc", "1", false)];
  expect(joined([...entries, entry("next", "1", false)])).toEqual(["other", "aabbcc", "next"]);
});

test("a line whose end never came is shown at the end, and a message without a stream by itself", () => {
  expect(joined([entry("open", "1", true), entry("own", "", true), entry("x", "", false)])).toEqual([
    "own",
    "x",
    "open",
  ]);
});

test("timestamps are of the line's beginning, to the microsecond", () => {
  const joiner = new LineJoiner();
  joiner.add(entry("a", "1", true, 1_764_528_000_000_042n));
  const line = joiner.add(entry("b", "1", false, 1_764_528_009_000_000n));
  const shown = line && Buffer.from(formatLine(line, true)).toString();
  expect(shown).toBe("2025-11-30T18:40:00.000042Z ab\n");
});

test.each([
  ["10m", "@1764527400.000000"],
  ["1h30m", "@1764522600.000000"],
  ["1.5s", "@1764527998.500000"],
  ["1764528000", "@1764528000"],
  ["1764528000.5", "@1764528000.5"],
  ["2025-11-30T18:40:00Z", "@1764528000.000"],
  ["2025-11-30T20:40:00+02:00", "@1764528000.000"],
  ["yesterday", "yesterday"],
  ["-1h", "-1h"],
  ["2025-11-30 18:40:00", "2025-11-30 18:40:00"],
])("the time %s is %s to journalctl", (text, expected) => {
  expect(journalTime(text, 1_764_528_000_000)).toBe(expected);
});
