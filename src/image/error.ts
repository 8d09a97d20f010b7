import { BerthError } from "../error.ts";
import { isErrno } from "../system/error.ts";
import { TarError } from "../tar/error.ts";

/** The kind of failure of an {@link ImageError}; stable, for callers that act on it and for tests. */
export type ImageErrorCode =
  | "bad-reference"
  | "bad-digest"
  | "not-found"
  | "ambiguous"
  | "unauthorized"
  | "registry"
  | "network"
  | "untrusted"
  | "stalled"
  | "cancelled"
  | "protocol"
  | "too-large"
  | "bad-manifest"
  | "bad-config"
  | "unsupported"
  | "no-platform"
  | "digest-mismatch"
  | "size-mismatch"
  | "corrupt-layer"
  | "hostile-layer"
  | "no-key"
  | "wrong-key"
  | "bad-encryption"
  | "no-space"
  | "store-corrupt"
  | "store-io"
  | "in-use"
  | "bad-archive"
  | "bad-settings";

/** An operation on images that failed. `facts` holds the numbers and names that the message shows. */
export class ImageError extends BerthError<ImageErrorCode> {
  constructor(
    code: ImageErrorCode,
    message: string,
    readonly facts: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/**
 * Puts the operation in front of its failure: the code and the facts of an ImageError are kept, a full disk
 * becomes `no-space`, an archive that would do harm `hostile-layer`, and anything else `otherwise`.
 */
export function withContext(doing: string, error: unknown, otherwise: ImageErrorCode): ImageError {
  if (error instanceof ImageError) return new ImageError(error.code, doing, error.facts, { cause: error });
  if (error instanceof TarError && error.code === "hostile")
    return new ImageError("hostile-layer", doing, {}, { cause: error });
  const full = isErrno(error, "ENOSPC", "EDQUOT", "EFBIG");
  return new ImageError(full ? "no-space" : otherwise, doing, {}, { cause: error });
}

/** An error's message with those of its causes, outermost first. */
export function reasonOf(error: unknown): string {
  const words: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) words.push(at.message);
  return words.join(": ");
}
