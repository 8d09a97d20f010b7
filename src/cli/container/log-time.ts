const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/**
 * A time of `--since` and `--until` in journalctl's words. docker and podman take what Go does: a duration before now
 * (`10m`, `1h30m`), seconds since 1970, RFC 3339; anything else is for journalctl (`yesterday`). `now` is in
 * milliseconds since 1970.
 */
export function journalTime(text: string, now: number): string {
  if (/^\d+(\.\d+)?$/.test(text)) return `@${text}`;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    const seconds = parts.reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
    return `@${(now / 1000 - seconds).toFixed(6)}`;
  }
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? text : `@${(date / 1000).toFixed(3)}`;
}
