import { expect, test } from "bun:test";
import { closest, editDistance } from "../src/suggest.ts";

test("edit distance counts insertions, deletions, substitutions and swaps", () => {
  for (const [a, b, distance] of [
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "", 3],
    ["Imge", "Image", 1],
    ["Iamge", "Image", 1],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
  ] as const) {
    expect({ a, b, distance: editDistance(a, b) }).toEqual({ a, b, distance });
    expect(editDistance(b, a)).toBe(distance);
  }
});

test("only near names are suggested", () => {
  const names = ["Image", "Environment", "EnvironmentFile", "User"];
  expect(closest("Imge", names)).toBe("Image");
  expect(closest("image", names)).toBe("Image");
  expect(closest("Enviroment", names)).toBe("Environment");
  expect(closest("Completely", names)).toBeUndefined();
  expect(closest("", names)).toBeUndefined();
  expect(closest("x".repeat(10_000), names)).toBeUndefined();
});
