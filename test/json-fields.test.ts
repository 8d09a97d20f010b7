import { describe, expect, test } from "bun:test";
import type { Refuse } from "../src/json.ts";
import {
  byTag,
  dictionary,
  fields,
  flag,
  list,
  number,
  oneOf,
  optional,
  orElse,
  type Reader,
  text,
  texts,
} from "../src/json-fields.ts";

const refuse: Refuse = (why) => {
  throw new Error(why);
};

interface Shelf {
  readonly name: string;
  readonly books: readonly { readonly pages: number }[];
  readonly colour?: string;
  readonly tags: Readonly<Record<string, string>>;
}

const shelf = fields<Shelf>({
  name: text,
  books: list(fields({ pages: number })),
  colour: optional(text),
  tags: orElse(dictionary(text), {}),
});

type Shape = { readonly kind: "circle"; readonly radius: number } | { readonly kind: "point" };
const shape = byTag<Shape, "kind">("kind", { circle: { radius: number }, point: {} });

describe("an object", () => {
  test("is read member by member; what is unknown is kept", () => {
    expect(shelf({ name: "a", books: [{ pages: 3, isbn: "1" }], later: true }, "", refuse)).toEqual({
      name: "a",
      books: [{ pages: 3, isbn: "1" }],
      tags: {},
      later: true,
    } as object as Shelf);
  });

  test("has no optional member that is null", () => {
    expect("colour" in shelf({ name: "a", books: [], colour: null }, "", refuse)).toBe(false);
  });

  test.each([
    [[], "it is not an object"],
    [{ books: [] }, "name is not a string"],
    [{ name: "a" }, "books is not an array"],
    [{ name: "a", books: [{ pages: 1 }, { pages: "2" }] }, "books[1].pages is not a number"],
    [{ name: "a", books: [{ pages: 1 }, 2] }, "books[1] is not an object"],
    [{ name: "a", books: [], colour: 1 }, "colour is not a string"],
    [{ name: "a", books: [], tags: { x: 1 } }, "tags.x is not a string"],
    [{ name: "a", books: [], tags: [] }, "tags is not an object"],
  ])("%j is refused: %s", (value, why) => {
    expect(() => shelf(value, "", refuse)).toThrow(why);
  });
});

test.each<[Reader<unknown>, unknown, string]>([
  [flag, "true", "at is neither true nor false"],
  [oneOf("red", "blue"), "green", "at is none of red, blue"],
  [shape, { kind: "square" }, "at.kind is none of circle, point"],
  [shape, { kind: "constructor" }, "at.kind is none of circle, point"],
  [shape, { radius: 1 }, "at.kind is not a string"],
  [shape, { kind: "circle" }, "at.radius is not a number"],
  [texts, "a", "at is not an array"],
  [texts, ["a", 1], "at[1] is not a string"],
])("%p refuses %j: %s", (read, value, why) => {
  expect(() => read(value, "at", refuse)).toThrow(why);
});

test("an object of several kinds is read by the table of its kind", () => {
  expect(shape({ kind: "circle", radius: 2 }, "", refuse)).toEqual({ kind: "circle", radius: 2 });
  expect(shape({ kind: "point" }, "", refuse)).toEqual({ kind: "point" });
});
