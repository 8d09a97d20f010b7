import { expect, test } from "bun:test";
import {
  checkIdMap,
  composeMaps,
  formatIdMap,
  type IdRange,
  parseIdMap,
  splitAt,
  toInside,
  toOutside,
} from "../../../src/runtime/user-namespace/id-map.ts";

const range = (inside: number, outside: number, size: number): IdRange => ({ inside, outside, size });
const USER = [range(0, 1000, 1), range(1, 100000, 65536)];

test("the kernel's text is read and written", () => {
  const text = "         0       1000          1\n         1     100000      65536\n";
  expect(parseIdMap(text)).toEqual(USER);
  expect(formatIdMap(USER)).toBe("0 1000 1\n1 100000 65536\n");
});

test("ids are found on either side", () => {
  expect([0, 1, 65536, 65537].map((id) => toOutside(USER, id))).toEqual([1000, 100000, 165535, undefined]);
  expect([1000, 100000, 165535, 165536, 0].map((id) => toInside(USER, id))).toEqual([
    0,
    1,
    65536,
    undefined,
    undefined,
  ]);
});

test("a map within a map", () => {
  // keep-id within a user's ids.
  const inner = [range(0, 1, 1000), range(1000, 0, 1), range(1001, 1001, 64536)];
  expect(composeMaps(inner, USER)).toEqual([range(0, 100000, 1000), range(1000, 1000, 1), range(1001, 101000, 64536)]);
  expect(composeMaps([range(0, 0, 65537)], USER)).toEqual(USER);
  expect(composeMaps([range(0, 70000, 5)], USER)).toEqual([]);
});

test("no line of a map crosses one of the outer map", () => {
  expect(splitAt([range(0, 0, 2001)], USER)).toEqual([range(0, 0, 1), range(1, 1, 2000)]);
  expect(splitAt([range(5, 7, 3)], USER)).toEqual([range(5, 7, 3)]);
  expect(() => splitAt([range(0, 65530, 100)], USER)).toThrow("0:65530:100");
});

test("what the kernel would refuse is said", () => {
  const check = (...map: IdRange[]) => checkIdMap(map, "user ids");
  expect(() => check()).toThrow("empty");
  expect(() => check(range(0, 0, 0))).toThrow("out of the range");
  expect(() => check(range(0, 4294967290, 10))).toThrow("out of the range");
  expect(() => check(range(0, 100, 10), range(5, 500, 1))).toThrow("id 5 of the container is mapped twice");
  expect(() => check(range(0, 100, 10), range(50, 105, 1))).toThrow("id 105 of the host is mapped twice");
  check(range(0, 100, 10), range(10, 110, 10));
});
