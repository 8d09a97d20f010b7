const UNITS: readonly string[] = ["B", "kB", "MB", "GB", "TB"];

/** Decimal units as podman prints them: `183 MB`, `4.1 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}
