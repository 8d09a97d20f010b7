/** Bounds on one layer, far above any honest one: a small archive must not be able to fill a machine. */
export interface LayerLimits {
  readonly entries: number;
  /** Of the uncompressed archive, and of the files in it with their holes. */
  readonly bytes: number;
}

export const LAYER_LIMITS: LayerLimits = { entries: 4_000_000, bytes: 256 * 1024 ** 3 };
