import type { Digest } from "./document/digest.ts";

/** A report on a pull or a load under way. Sizes are bytes in transfer. */
export type ImageEvent =
  | {
      readonly kind: "manifest";
      readonly reference: string;
      readonly layers: readonly { readonly digest: Digest; readonly size: number }[];
    }
  /** The image in the store is used, with the reason why nothing was pulled. */
  | { readonly kind: "kept"; readonly reference: string; readonly reason: string }
  | { readonly kind: "layer-present"; readonly digest: Digest; readonly size: number }
  | { readonly kind: "layer-bytes"; readonly digest: Digest; readonly received: number; readonly size: number }
  /** All bytes are here and are being written to the disk; comes again every few seconds. */
  | { readonly kind: "layer-writing"; readonly digest: Digest; readonly size: number }
  | { readonly kind: "layer-done"; readonly digest: Digest; readonly size: number }
  | { readonly kind: "retry"; readonly what: string; readonly reason: string; readonly delayMs: number };

export type OnProgress = (event: ImageEvent) => void;
