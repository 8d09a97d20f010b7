import { DEFERRED, invalid, isDeferred, type Parsed, quoted, valid } from "./check.ts";

const SIZE = /^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?$/i;
const UNITS = "bkmgtp";

/** Bytes of /dev/shm by default: podman's and docker's. */
export const SHM_SIZE = 64 * 1024 * 1024;

/** Bytes of a size as podman writes it (`64m`, `1.5g`; powers of 1024). */
export function parseSize(text: string): Parsed<number> {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return valid(bytes);
  return isDeferred(text)
    ? DEFERRED
    : invalid("bad-size", `${quoted(text)} is not a size`, { hint: "such as 64m or 1g" });
}

/** `Memory=`, in bytes. It becomes MemoryMax=, where systemd fills nothing in. */
export function parseMemory(text: string): Parsed<number> {
  const bytes = bytesOf(text);
  if (bytes === undefined) return invalid("bad-size", `${quoted(text)} is not a size`, { hint: "such as 512m or 2g" });
  return bytes > 0 ? valid(bytes) : invalid("bad-size", "no memory at all", { hint: "leave Memory= out for no limit" });
}

function bytesOf(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const power = Math.max(0, UNITS.indexOf((match[2] ?? "").toLowerCase()));
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** The MemoryMax= of a `Memory=`: in the largest unit that holds it exactly. */
export function memoryMax(bytes: number): string {
  let rest = bytes;
  let power = 0;
  while (power < 4 && rest > 0 && rest % 1024 === 0) {
    rest /= 1024;
    power++;
  }
  return `${rest}${["", "K", "M", "G", "T"][power]}`;
}
