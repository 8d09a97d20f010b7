/** A layer on its way into the store. The bytes are those of its blob, decrypted: compressed or plain. */
export interface LayerWriter {
  /** More of the bytes, in order; to be awaited before the next. Throws ImageError. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * All bytes are in: checks them against the diffID, writes everything to the disk and publishes the layer.
   * Throws ImageError `digest-mismatch`, `corrupt-layer`, `hostile-layer`, `too-large`, `unsupported`, `no-space`,
   * `store-io`.
   */
  finish(): Promise<void>;
  /** Stops all work and removes what was made. Harmless after {@link finish}, and when called again. */
  abort(): void;
}
