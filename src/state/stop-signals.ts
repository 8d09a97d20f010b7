import { join } from "node:path/posix";
import { hasTransport, isShortName, splitImageName } from "../options/values/image-name.ts";
import { signalNumber } from "../options/values/signal.ts";
import type { Scope } from "../scope.ts";
import { replaceFile } from "../system/files.ts";
import { readBounded } from "../system/read-bounded.ts";

/**
 * The stop signals of images by their full names, for the generator, which reads no images: at boot there is no time
 * for it. One line an image, `NAME NUMBER`. Nothing is lost with the file, and nothing harmed by a line that is wrong
 * or out of date: a launcher compares the signal that its unit sends with the image's.
 */
export type StopSignals = ReadonlyMap<string, number>;

const stopSignalsFile = ({ stateDir }: Pick<Scope, "stateDir">) => join(stateDir, "stop-signals");

/** signal(7), and what a payload gets whose image names no signal, or none that there is. */
const SIGTERM = 15;

/** The longest file that is read: bytes. An image's name is shorter than 500. */
const LENGTH_MAX = 4 * 1024 * 1024;

/** All lines that can be read; none if there is no file, or the file system is not mounted yet. */
export function readStopSignals(scope: Pick<Scope, "stateDir">): StopSignals {
  const signals = new Map<string, number>();
  for (const line of textOf(stopSignalsFile(scope)).split("\n")) {
    const space = line.indexOf(" ");
    const number = signalNumber(line.slice(space + 1));
    if (space > 0 && number !== undefined) signals.set(line.slice(0, space), number);
  }
  return signals;
}

/**
 * Replaces lines: by the image's name a signal as its configuration has it, or undefined for what is no image any more.
 * To be called under the exclusive state lock.
 */
export function noteStopSignals(
  scope: Pick<Scope, "stateDir">,
  changes: Iterable<readonly [name: string, signal: string | undefined]>,
): void {
  const old = readStopSignals(scope);
  const signals = new Map(old);
  for (const [name, signal] of changes) {
    const key = stopSignalKey(name);
    if (key === undefined) continue;
    if (signal === undefined) signals.delete(key);
    else signals.set(key, stopSignalNumber(signal));
  }
  if (signals.size === old.size && [...signals].every(([key, number]) => old.get(key) === number)) return;
  const text = [...signals].map(([key, number]) => `${key} ${number}\n`).join("");
  const path = stopSignalsFile(scope);
  try {
    replaceFile(path, text, { mode: 0o644, temporary: `${path}.new` });
  } catch {
    // A full disk, say. The pull has succeeded all the same, and units go on without knowing.
  }
}

/** Empty for what cannot be read, whatever is in its place: nothing depends on it. */
function textOf(path: string): string {
  try {
    return readBounded(path, LENGTH_MAX)?.toString() ?? "";
  } catch {
    return "";
  }
}

/** The signal that a payload gets where its image's configuration says `signal`: SIGTERM if that is none. */
export function stopSignalNumber(signal: string): number {
  return signalNumber(signal) ?? SIGTERM;
}

/**
 * The name under which an image's signal is noted: with its registry, and with a digest or a tag. Undefined for a short
 * name or an ID, of which only the store knows what it means.
 */
export function stopSignalKey(image: string): string | undefined {
  if (image.startsWith("sha256:") || isShortName(image) || hasTransport(image)) return undefined;
  // Words that systemd fills in, and what would be more than one word.
  if (/[\s%$]/.test(image)) return undefined;
  const { registry, repository, tag, digest } = splitImageName(image);
  if (registry === undefined) return undefined;
  const name = `${registry.text}/${repository.text}`;
  return digest === undefined ? `${name}:${tag?.text ?? "latest"}` : `${name}@${digest.text}`;
}
