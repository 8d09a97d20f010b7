import { invalid, type Parsed, quoted, valid } from "./check.ts";

/**
 * The launcher and the OCI runtime need threads of their own for a moment at start, and fail where fewer tasks than
 * this are allowed.
 */
const TASKS_MIN = 64;

/**
 * `PidsLimit=`: a number, or -1 or 0 for no limit, which is Infinity. It becomes TasksMax=, where systemd fills nothing
 * in.
 */
export function parsePidsLimit(text: string): Parsed<number> {
  if (text === "-1" || text === "0") return valid(Number.POSITIVE_INFINITY);
  if (!/^\d+$/.test(text))
    return invalid("bad-number", `${quoted(text)} is not a number of tasks`, { hint: "-1 is no limit" });
  if (Number(text) >= TASKS_MIN) return valid(Number(text));
  const message = `${text} tasks are too few: starting the container takes up to ${TASKS_MIN}`;
  return invalid("limit-too-low", message, { hint: `${TASKS_MIN} or more, or Ulimit=nproc=` });
}

/** The TasksMax= of a `PidsLimit=`. */
export function tasksMax(limit: number): string {
  return limit === Number.POSITIVE_INFINITY ? "infinity" : String(limit);
}

/** A number in a place where systemd fills nothing in. */
export function parseCount(text: string): Parsed<number> {
  return /^\d{1,9}$/.test(text) ? valid(Number(text)) : invalid("bad-number", `${quoted(text)} is not a number`);
}
