import { setTimeout as delay } from "node:timers/promises";
import { ImageError } from "../error.ts";
import type { OnProgress } from "../progress.ts";

/** How failures that may pass are tried again. */
export interface RetryPolicy {
  /** Attempts without any progress before giving up, the first included. */
  readonly attempts: number;
  /** Wait after the first failure; it doubles every time, and up to a quarter is added at random. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/** The default: as many tries as podman makes. */
export const RETRIES: RetryPolicy = { attempts: 4, firstDelayMs: 500, maxDelayMs: 30_000 };

/** Milliseconds beyond which a server's Retry-After is not obeyed, but counts as a failure. */
const RETRY_AFTER_MAX_MS = 5 * 60_000;

/** A failure that another attempt may mend; `afterMs` is the server's own wish (Retry-After). */
export class PassingFailure extends Error {
  constructor(
    readonly failure: ImageError,
    readonly afterMs?: number,
  ) {
    super(failure.message, { cause: failure });
  }
}

/** Counts failures without progress, and waits between attempts. */
export class Retries {
  #failed = 0;

  constructor(
    private readonly policy: RetryPolicy,
    private readonly signal: AbortSignal,
    private readonly onProgress: OnProgress,
    /** Takes out of an error what nobody is to read. */
    private readonly redact: (error: unknown) => unknown,
  ) {}

  /** Something arrived: the next failure is a first one again. */
  progress(): void {
    this.#failed = 0;
  }

  /** Waits before the next attempt, or throws: what is no passing failure, and what has failed too often. */
  async afterFailure(what: string, error: unknown): Promise<void> {
    const passing = error instanceof PassingFailure ? error : undefined;
    const failure = this.redact(passing?.failure ?? error);
    const again =
      passing !== undefined || (failure instanceof ImageError && ["network", "stalled"].includes(failure.code));
    this.#failed += 1;
    const wish = passing?.afterMs ?? 0;
    if (!again || this.#failed >= this.policy.attempts || wish > RETRY_AFTER_MAX_MS) throw failure;
    const backoff = Math.min(this.policy.firstDelayMs * 2 ** (this.#failed - 1), this.policy.maxDelayMs);
    const delayMs = Math.round(Math.max(wish, backoff * (1 + Math.random() / 4)));
    this.onProgress({
      kind: "retry",
      what,
      reason: failure instanceof Error ? failure.message : String(failure),
      delayMs,
    });
    try {
      await delay(delayMs, undefined, { signal: this.signal });
    } catch {
      throw new ImageError("cancelled", `${what}: cancelled`);
    }
  }

  /** Runs `attempt` until it succeeds or must be given up. */
  async run<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.afterFailure(what, error);
      }
    }
  }
}

/** Retry-After (RFC 9110, 10.2.3): seconds or a date. Undefined when absent or malformed. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
