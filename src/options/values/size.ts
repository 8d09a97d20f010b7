import { isDeferred, type Problem, quoted } from "./check.ts";

const SIZE = /^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?$/i;
const UNITS = "bkmgtp";

/** Bytes of a size as podman writes it (`64m`, `1.5g`; powers of 1024); undefined if it is none. */
export function sizeInBytes(value: string): number | undefined {
  const match = SIZE.exec(value);
  if (match === null) return undefined;
  const power = Math.max(0, UNITS.indexOf((match[2] ?? "").toLowerCase()));
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** A size: a number with b, k, m, g, t or p. */
export function checkSize(value: string): Problem | undefined {
  if (isDeferred(value) || sizeInBytes(value) !== undefined) return undefined;
  return { code: "bad-size", message: `${quoted(value)} is not a size`, hint: "such as 64m or 1g" };
}

/** `Memory=`. It becomes MemoryMax=, where systemd fills nothing in. */
export function checkMemory(value: string): Problem | undefined {
  const bytes = sizeInBytes(value);
  if (bytes === undefined)
    return { code: "bad-size", message: `${quoted(value)} is not a size`, hint: "such as 512m or 2g" };
  return bytes > 0
    ? undefined
    : { code: "bad-size", message: "no memory at all", hint: "leave Memory= out for no limit" };
}

/** The MemoryMax= of a checked `Memory=`: in the largest unit that holds it exactly. */
export function memoryMax(value: string): string {
  let rest = sizeInBytes(value) ?? 0;
  let power = 0;
  while (power < 4 && rest > 0 && rest % 1024 === 0) {
    rest /= 1024;
    power++;
  }
  return `${rest}${["", "K", "M", "G", "T"][power]}`;
}
