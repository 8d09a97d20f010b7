import { parseArgs } from "node:util";
import { mergeUnitFiles } from "../../src/unit/drop-in.ts";
import { positionAt } from "../../src/unit/entry.ts";
import { UnitDraft } from "../../src/unit/unit-draft.ts";
import { parseUnitFile, printUnitFile } from "../../src/unit/unit-file.ts";
import { splitWords, type WordStyle } from "../../src/unit/words.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";

const STYLES: readonly WordStyle[] = ["plain", "escaped", "systemd", "backslash"];

/** A file for which a promise of the parser does not hold; `bytes` are the file. */
export class FuzzFailure extends Error {
  override name = "FuzzFailure";
  constructor(
    promise: string,
    readonly bytes: Uint8Array,
    options?: ErrorOptions,
  ) {
    super(`${promise}: ${JSON.stringify(Buffer.from(bytes).toString("latin1"))}`, options);
  }
}

/** Parses `count` mutated unit files, the same ones for the same seed; throws FuzzFailure for the first that fails. */
export function fuzz(count: number, seed: number): void {
  const random = new Random(seed);
  for (let done = 0; done < count; done++) {
    const bytes = mutate(random);
    try {
      check(bytes, done);
    } catch (error) {
      throw error instanceof FuzzFailure ? error : new FuzzFailure("it throws", bytes, { cause: error });
    }
  }
}

function check(bytes: Uint8Array, round: number): void {
  const file = parseUnitFile("fuzz", bytes);
  if (Buffer.compare(printUnitFile(file), bytes) !== 0) throw new FuzzFailure("parse and print is the identity", bytes);
  for (const item of file.items) {
    if (item.kind !== "entry") continue;
    const { words } = splitWords(item.value, STYLES[round % STYLES.length] ?? "plain");
    for (const word of words) {
      const { line, column } = positionAt(item, word.offset);
      if (line < item.line || column < 1) throw new FuzzFailure("a word is inside its entry", bytes);
    }
  }
  // Not for every file: these cost more than the parser itself.
  if (round % 8 !== 0) return;
  const copy = UnitDraft.copyOf(file).print();
  const again = UnitDraft.copyOf(parseUnitFile("copy", copy)).print();
  // What was diagnosed may have been written out for systemd in a way that is read differently here.
  if (file.diagnostics.length === 0 && Buffer.compare(copy, again) !== 0) {
    throw new FuzzFailure("a copy of a copy is the copy", bytes);
  }
  const merged = mergeUnitFiles(file, [file]);
  if (merged.items.length < file.items.length) throw new FuzzFailure("merging loses nothing", bytes);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
  });
  const started = performance.now();
  fuzz(Number(values.count), Number(values.seed));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${values.count} files from seed ${values.seed}: no failure, ${seconds} s\n`);
}
