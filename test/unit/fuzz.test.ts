import { test } from "bun:test";
import { fuzz } from "./fuzz.ts";

test("20,000 mutated unit files are parsed without loss", () => {
  fuzz(20_000, 20_000);
});
