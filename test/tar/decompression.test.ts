import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { Decompression, detectCompression } from "../../src/tar/decompression.ts";

const TEXT = Buffer.from("a layer's bytes, ".repeat(20_000));

async function decompress(bytes: Uint8Array, piece: number): Promise<Buffer> {
  const taken: Uint8Array[] = [];
  const decompression = new Decompression(async (chunk) => void taken.push(Buffer.from(chunk)));
  for (let at = 0; at < bytes.length; at += piece) await decompression.write(bytes.subarray(at, at + piece));
  await decompression.finish();
  return Buffer.concat(taken);
}

const FORMS: readonly [string, Uint8Array][] = [
  ["gzip", gzipSync(TEXT)],
  ["zstd", Bun.zstdCompressSync(TEXT)],
  ["none", TEXT],
];

test.each(FORMS)("%s is told by its first bytes, and read in pieces of any size", async (form, bytes) => {
  expect(detectCompression(bytes)).toBe(form as "gzip");
  for (const piece of [bytes.length, 1000, 3]) expect((await decompress(bytes, piece)).equals(TEXT)).toBe(true);
});

test("a zstd stream may begin with a frame that is skipped", async () => {
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 0xaa, 0xbb]);
  const bytes = Buffer.concat([skipped, Bun.zstdCompressSync(TEXT)]);
  expect(detectCompression(bytes)).toBe("zstd");
  expect((await decompress(bytes, 100)).equals(TEXT)).toBe(true);
});

test("less than four bytes are no compressed stream", async () => {
  expect((await decompress(Buffer.from("abc"), 1)).toString()).toBe("abc");
  expect((await decompress(Buffer.alloc(0), 1)).length).toBe(0);
});

test("a stream that is cut or damaged is an error", async () => {
  const bytes = gzipSync(TEXT);
  await expect(decompress(bytes.subarray(0, -20), 1000)).rejects.toThrow();
  const damaged = Buffer.from(bytes);
  damaged.fill(0, 50, 90);
  await expect(decompress(damaged, 1000)).rejects.toThrow();
});

test("what the taker throws ends the writing", async () => {
  const decompression = new Decompression(async () => {
    throw new Error("the disk is full");
  });
  const all = async () => {
    await decompression.write(gzipSync(TEXT));
    await decompression.finish();
  };
  await expect(all()).rejects.toThrow("the disk is full");
});
