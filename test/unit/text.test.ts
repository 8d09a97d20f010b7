import { expect, test } from "bun:test";
import { countCodePoints, decodeText, encodeText } from "../../src/unit/text.ts";
import { Random } from "./random.ts";

test.each([
  ["ASCII", [0x61, 0x62], "ab"],
  ["a byte-order mark", [0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
  ["U+FFFD itself", [0xef, 0xbf, 0xbd], "\ufffd"],
  ["a lone byte", [0x61, 0xff, 0x62], "a\udcffb"],
  ["a truncated sequence", [0xe2, 0x82], "\udce2\udc82"],
  ["an overlong slash", [0xc0, 0xaf], "\udcc0\udcaf"],
  ["an encoded surrogate", [0xed, 0xb3, 0xbf], "\udced\udcb3\udcbf"],
  ["more than U+10FFFF", [0xf4, 0x90, 0x80, 0x80], "\udcf4\udc90\udc80\udc80"],
  ["four bytes", [0xf0, 0x9f, 0x98, 0x80, 0xff], "😀\udcff"],
])("decodes %s, and encodes it again", (_, bytes, text) => {
  expect(decodeText(Uint8Array.from(bytes))).toBe(text);
  expect([...encodeText(text)]).toEqual(bytes);
});

test("keeps any bytes", () => {
  const random = new Random(1);
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: random.below(40) }, () =>
      random.pick([0x0a, 0x61, 0x80, 0xbf, 0xc3, 0xe2, 0xed, 0xf0, 0x9f, random.below(256)]),
    );
    expect([...encodeText(decodeText(bytes))]).toEqual([...bytes]);
  }
});

test("counts pairs as one code point, escaped bytes as one each", () => {
  expect(countCodePoints("a😀é\udcffb", 0, 6)).toBe(5);
  expect(countCodePoints("😀😀", 2, 4)).toBe(1);
});
