import type { Host } from "../../test/host/host.ts";

/** What one measurement gives: a number for each row that it belongs to. */
export type Measured<F extends string> = Readonly<Record<F, number>>;

/** What was measured, by row, column and round. */
export type Rounds<F extends string> = Readonly<Record<F, Readonly<Record<string, readonly number[]>>>>;

export function progress(what: string): void {
  process.stderr.write(`${what} …\n`);
}

/**
 * Measures the columns in turn, round by round, so that whatever else the machine does meets all of them alike. The
 * first round warms the caches, and is not counted. A column that fails is reported, and is not measured again: its
 * rounds are NaN from then on.
 */
export async function inRounds<F extends string>(
  count: number,
  columns: readonly string[],
  fields: readonly F[],
  measure: (column: string) => Promise<Measured<F>>,
): Promise<Rounds<F>> {
  const values = new Map(fields.map((field) => [field, new Map<string, number[]>(columns.map((it) => [it, []]))]));
  const broken = new Set<string>();
  for (let round = -1; round < count; round++) {
    for (const column of columns) {
      let measured: Measured<F> | undefined;
      try {
        if (!broken.has(column)) measured = await measure(column);
      } catch (error) {
        broken.add(column);
        progress(`${column}: ${error instanceof Error ? error.message : String(error)}`);
        process.exitCode = 1;
      }
      if (round < 0) continue;
      for (const field of fields)
        values
          .get(field)
          ?.get(column)
          ?.push(measured?.[field] ?? Number.NaN);
    }
  }
  const entries = [...values].map(([field, byColumn]) => [field, Object.fromEntries(byColumn)]);
  return Object.fromEntries(entries) as Rounds<F>;
}

/** Shell functions for the scripts that measure. */
const FUNCTIONS = `
# Processor time of systemd and of all units together, in microseconds.
cpu() {
  cat /sys/fs/cgroup/{init.scope,system.slice,machine.slice}/cpu.stat 2> /dev/null |
    awk '$1 == "usage_usec" { sum += $2 } END { print sum }' || true
}
now() { echo "\${EPOCHREALTIME/./}"; }
`;

/** Runs a script with {@link FUNCTIONS} that prints a number for each field, in their order. */
export async function measureBy<F extends string>(
  host: Host,
  fields: readonly F[],
  script: string,
  timeout = 120_000,
): Promise<Measured<F>> {
  const out = await host.sh(`${FUNCTIONS}${script}`, { timeout });
  const numbers = (out.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return Object.fromEntries(fields.map((field, at) => [field, numbers[at] ?? Number.NaN])) as Measured<F>;
}

/** The rounds in another unit. */
export function scaled(rounds: Readonly<Record<string, readonly number[]>>, by: number): Record<string, number[]> {
  return Object.fromEntries(Object.entries(rounds).map(([name, values]) => [name, values.map((it) => it * by)]));
}
