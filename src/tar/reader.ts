import type { Header } from "tar-stream";
import { TarError } from "./error.ts";
import { exactExtract, PAX_RECORDS } from "./exact-extract.ts";

/**
 * An archive member. All text is latin1, one character a byte, because names, link targets and extended attributes
 * in a layer are bytes and need not be UTF-8.
 */
export interface TarMember {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data in the archive. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /**
   * Extended header records, in order; a key may occur twice (sparse format 0.0 needs it). An empty value of a header's
   * own field leaves that as it is.
   */
  readonly pax: readonly (readonly [key: string, value: string])[];
}

/** Receives the members in order. `data` may be called many times; `begin` may return a promise, which is awaited. */
export interface TarSink {
  begin(member: TarMember): void | Promise<void>;
  data(chunk: Buffer): void;
  end(): void;
}

/** Reads an archive that is written to it in pieces of any size. */
export interface TarReader {
  /** Resolves when the reader can take more. Rejects with a TarError, or with what the sink threw. */
  write(chunk: Uint8Array): Promise<void>;
  /** The archive is over. Rejects with a TarError `malformed` if it stops in the middle of a member. */
  finish(): Promise<void>;
  destroy(): void;
}

/** Reads a tar archive (ustar, pax, GNU, v7) with tar-stream. */
export function createTarReader(sink: TarSink): TarReader {
  const parser = exactExtract();
  let failed: Error | undefined;
  let wake: (() => void) | undefined;
  const settle = (): void => {
    wake?.();
    wake = undefined;
  };
  const fail = (error: unknown): void => {
    failed ??= error instanceof Error ? error : new Error(String(error));
    parser.destroy();
    settle();
  };
  parser.on("entry", (header, stream, next) => {
    const consume = (): void => {
      stream.on("data", (chunk) => {
        if (failed !== undefined) return;
        try {
          sink.data(chunk as Buffer);
        } catch (error) {
          fail(error);
        }
      });
      stream.on("end", () => {
        if (failed !== undefined) return;
        try {
          sink.end();
          next();
        } catch (error) {
          fail(error);
        }
      });
    };
    stream.on("error", () => {}); // The parser's own error event has the reason.
    try {
      const begun = sink.begin(toMember(header));
      if (begun instanceof Promise) begun.then(consume).catch(fail);
      else consume();
    } catch (error) {
      fail(error);
    }
  });
  parser.on("error", (error) => fail(new TarError("malformed", error.message)));
  parser.on("drain", settle);
  parser.on("finish", settle);
  parser.on("close", settle);
  const settled = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const check = (): void => {
    if (failed !== undefined) throw failed;
  };
  return {
    async write(chunk) {
      check();
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (!parser.write(bytes)) await settled();
      check();
    },
    async finish() {
      check();
      const over = settled();
      parser.end(undefined);
      await over;
      check();
    },
    destroy: () => parser.destroy(),
  };
}

function toMember(header: Header): TarMember {
  const pax = header.pax as { readonly [PAX_RECORDS]?: [string, string][] } | null | undefined;
  return {
    type: header.type ?? "unknown",
    name: header.name,
    linkName: header.linkname ?? "",
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    size: header.size,
    mtime: header.mtime.getTime() / 1000,
    major: header.devmajor,
    minor: header.devminor,
    pax: pax?.[PAX_RECORDS] ?? [],
  };
}
