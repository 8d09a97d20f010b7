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

/** The output of one of the machine's programs; undefined where there is none. */
function compressBy(program: string, bytes: Uint8Array): Uint8Array | undefined {
  return Bun.which(program) === null ? undefined : Bun.spawnSync([program, "-c"], { stdin: bytes }).stdout;
}

const FORMS: readonly [string, Uint8Array][] = [
  ["gzip", gzipSync(TEXT)],
  ["zstd", Bun.zstdCompressSync(TEXT)],
  ["none", TEXT],
  ...["xz", "bzip2"].flatMap((program): [string, Uint8Array][] => {
    const bytes = compressBy(program, TEXT);
    return bytes === undefined ? [] : [[program, bytes]];
  }),
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

test.each(FORMS.filter(([form]) => form === "xz" || form === "bzip2"))(
  "%s that is cut or damaged is an error",
  async (form, bytes) => {
    const damaged = Buffer.from(bytes).fill(0xaa, 20, 40);
    for (const bad of [bytes.subarray(0, -10), bytes.subarray(0, 12), damaged]) {
      const failed = decompress(bad, 1000);
      await expect(failed).rejects.toThrow(new RegExp(`^${form}: (?!it was ended|\\(stdin\\))`));
    }
  },
);

test.each([
  ["lz4", Buffer.from("04224d18644082", "hex")],
  ["lzip", Buffer.from("LZIP\x01abcdefgh")],
  ["compress", Buffer.from("1f9d90616263", "hex")],
  ["zip", Buffer.from("PK\x03\x04abcdefg")],
  ["7-zip", Buffer.from("377abcaf271c0004", "hex")],
])("what %s has compressed is told of", async (form, bytes) => {
  await expect(decompress(bytes, 3)).rejects.toThrow(`it is compressed by ${form}, which is not supported`);
});

test("names that compressed archives begin with are names", () => {
  for (const name of ["BZh9", "LZIP", "PK", "7z", "xz"])
    expect(detectCompression(Buffer.from(name.padEnd(100, "\0")))).toBe("none");
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
