import { expect, test } from "bun:test";
import { nftTable, tableHandle, tableRequest } from "../../src/system/nft-table.ts";

/** An answer of the kernel's, in the words of netlink(7): header, family, then the attributes. */
function answer(type: number, ...attributes: [type: number, value: number[]][]): Buffer {
  const body = attributes.flatMap(([kind, value]) => {
    const padded = [...value, ...new Array<number>((4 - (value.length % 4)) % 4).fill(0)];
    return [4 + value.length, 0, kind, 0, ...padded];
  });
  const message = Buffer.from([...new Array<number>(16).fill(0), 1, 0, 0, 0, ...body]);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  return message;
}

const NEW_TABLE = 0x0a00;
const NAME: [number, number[]] = [1, [...Buffer.from("netavark\0")]];
const HANDLE: [number, number[]] = [4, [0, 0, 0, 0, 0, 0, 1, 2]];

test("the question is about one table by its name", () => {
  const request = tableRequest("netavark");
  expect(request.toString("hex")).toBe(
    ["24000000", "010a", "0100", "00000000", "00000000", "01000000", "0d000100", "6e6574617661726b00000000"].join(""),
  );
});

test("the handle is found among the attributes, whatever is before it", () => {
  expect(tableHandle(answer(NEW_TABLE, NAME, [2, [0, 0, 0, 0]], HANDLE))).toBe(258n);
  expect(tableHandle(answer(NEW_TABLE, HANDLE))).toBe(258n);
});

test("an error, an answer without a handle, and one that is cut short or broken have none", () => {
  const whole = answer(NEW_TABLE, NAME, HANDLE);
  expect(tableHandle(answer(2, HANDLE))).toBeUndefined();
  expect(tableHandle(answer(NEW_TABLE, NAME))).toBeUndefined();
  for (let length = 0; length < whole.length; length++) expect(tableHandle(whole.subarray(0, length))).toBeUndefined();
  expect(tableHandle(answer(NEW_TABLE, [4, [1, 2]]))).toBeUndefined();
  const endless = Buffer.from(whole);
  endless.writeUInt16LE(0, 20);
  expect(tableHandle(endless)).toBeUndefined();
});

test("there is nothing to tell of a table that nobody has made", () => {
  expect(nftTable("no-such-table-of-anybody")).toBeUndefined();
});
