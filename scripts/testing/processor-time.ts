import { readFileSync } from "node:fs";

/** How much of the time since it was made this machine's processors were at work. */
export class ProcessorTime {
  readonly #before = read();

  /** In per cent. */
  share(): number {
    const now = read();
    return Math.round((100 * (now.work - this.#before.work)) / Math.max(1, now.all - this.#before.all));
  }
}

/** Ticks since boot of all processors (proc(5), /proc/stat): user, nice, system, idle, iowait, irq, softirq, steal. */
function read(): { work: number; all: number } {
  const fields = (/^cpu +(.*)/.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "").split(" ").map(Number).slice(0, 8);
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, waiting = 0] = fields;
  return { work: all - idle - waiting, all };
}
