import { expect, test } from "bun:test";
import { TarError } from "../../src/tar/error.ts";
import { parseSparseMap, type SparseMap, SparseWriter } from "../../src/tar/sparse.ts";

/** The file that the pieces of a member's data make, "." where it has holes. */
function fileOf(map: SparseMap, ...pieces: string[]): string {
  const bytes = Buffer.alloc(map.size, ".");
  const writer = new SparseWriter(map, (piece, offset) => piece.copy(bytes, offset));
  for (const piece of pieces) writer.data(Buffer.from(piece, "latin1"));
  expect(writer.end()).toBe(map.size);
  return bytes.toString("latin1");
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TarError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

const OFFSETS: [string, string][] = [
  ["GNU.sparse.size", "9"],
  ["GNU.sparse.offset", "0"],
  ["GNU.sparse.numbytes", "2"],
  ["GNU.sparse.offset", "7"],
  ["GNU.sparse.numbytes", "2"],
];
const MAP: [string, string][] = [
  ["GNU.sparse.size", "9"],
  ["GNU.sparse.map", "0,2,7,2"],
];
const IN_DATA: [string, string][] = [
  ["GNU.sparse.major", "1"],
  ["GNU.sparse.minor", "0"],
  ["GNU.sparse.name", "real"],
  ["GNU.sparse.realsize", "9"],
];

function mapOf(pax: [string, string][]): SparseMap {
  const map = parseSparseMap(pax);
  if (map === undefined) throw new Error("not sparse");
  return map;
}

test("formats 0.0 and 0.1 have the map in the header, in pieces of any size", () => {
  expect(mapOf(OFFSETS)).toEqual(mapOf(MAP));
  expect(fileOf(mapOf(OFFSETS), "abcd")).toBe("ab.....cd");
  expect(fileOf(mapOf(MAP), "a", "bc", "d")).toBe("ab.....cd");
});

test("format 1.0 has the map before the data", () => {
  const map = mapOf(IN_DATA);
  expect(map).toEqual({ size: 9, extents: undefined, name: "real" });
  const data = `${"2\n0\n2\n7\n2\n".padEnd(512, "\0")}abcd`;
  expect(fileOf(map, data)).toBe("ab.....cd");
  expect(fileOf(map, ...data)).toBe("ab.....cd");
});

test("an ordinary file has no map, and a file of holes alone no data", () => {
  expect(parseSparseMap([["path", "x"]])).toBeUndefined();
  expect(fileOf(mapOf([...MAP.slice(0, 1), ["GNU.sparse.map", "9,0"]]))).toBe(".........");
});

test.each<[string, [string, string][]]>([
  ["is malformed", [["GNU.sparse.size", "-1"]]],
  ["is malformed", [...MAP.slice(0, 1), ["GNU.sparse.map", "0,2,7"]]],
  ["is malformed", [...MAP.slice(0, 1), ["GNU.sparse.map", "0,0x2"]]],
  ["overlaps or exceeds the file", [...MAP.slice(0, 1), ["GNU.sparse.map", "0,3,2,1"]]],
  ["overlaps or exceeds the file", [...MAP.slice(0, 1), ["GNU.sparse.map", "8,2"]]],
  ["has more than 100000 extents", [...MAP.slice(0, 1), ["GNU.sparse.map", Array(200_002).fill("0").join(",")]]],
])("a map that %s is hostile", (why, pax) => {
  expect(refusal(() => parseSparseMap(pax))).toBe(`hostile: its sparse map ${why}`);
});

test("data has to be as long as the map says", () => {
  expect(refusal(() => fileOf(mapOf(MAP), "abcde"))).toBe("hostile: it has more data than its sparse map");
  expect(refusal(() => fileOf(mapOf(MAP), "abc"))).toBe("hostile: it has less data than its sparse map");
  expect(refusal(() => fileOf(mapOf(IN_DATA), "2\n0\n"))).toBe("hostile: it has less data than its sparse map");
  expect(refusal(() => fileOf(mapOf(IN_DATA), "100001\n"))).toBe(
    "hostile: its sparse map has more than 100000 extents",
  );
});
