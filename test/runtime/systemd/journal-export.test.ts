import { expect, test } from "bun:test";
import { ExportReader } from "../../../src/runtime/systemd/journal-export.ts";

/** A field in the form for values that are not one line of text. */
function binary(name: string, value: Uint8Array): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, value, Buffer.from("\n")]);
}

const ODD = Uint8Array.from({ length: 3000 }, (_, at) => (at * 7) % 256);
const STREAM = Buffer.concat([
  Buffer.from("__CURSOR=s=1;i=2\nMESSAGE=a = b\nEMPTY=\n\n"),
  Buffer.from("__CURSOR=s=1;i=3\n"),
  binary("MESSAGE", ODD),
  Buffer.from("_LINE_BREAK=line-max\n\n"),
]);

function read(pieces: readonly Uint8Array[]) {
  const reader = new ExportReader();
  return pieces
    .flatMap((piece) => reader.read(piece))
    .map((entry) =>
      Object.fromEntries([...entry].map(([name, value]) => [name, Buffer.from(value).toString("base64")])),
    );
}

test("entries are read whatever their pieces are", () => {
  const whole = read([STREAM]);
  expect(whole).toHaveLength(2);
  expect(Buffer.from(whole[0]?.MESSAGE ?? "", "base64").toString()).toBe("a = b");
  expect(whole[0]?.EMPTY).toBe("");
  expect(whole[1]?.MESSAGE).toBe(Buffer.from(ODD).toString("base64"));
  for (const size of [1, 2, 7, 64, 1000]) {
    const pieces = Array.from({ length: Math.ceil(STREAM.length / size) }, (_, at) =>
      STREAM.subarray(at * size, (at + 1) * size),
    );
    expect(read(pieces)).toEqual(whole);
  }
});

test("an entry without its end is none yet, and a length out of all measure is refused", () => {
  expect(read([STREAM.subarray(0, -1)])).toHaveLength(1);
  const huge = Buffer.concat([Buffer.from("MESSAGE\n"), Buffer.alloc(8, 0xff), Buffer.alloc(20)]);
  expect(() => read([huge])).toThrow("a field of 18446744073709551615 bytes");
});
