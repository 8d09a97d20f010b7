import { expect, test } from "bun:test";
import { extract } from "tar-stream";
import { parsePaxRecords } from "../../src/tar/extended-header.ts";
import { type TarMember, TarReader } from "../../src/tar/reader.ts";
import { dir, file, type Member, tar } from "../image/support/tar.ts";

async function read(archive: Buffer, pieces: number): Promise<{ members: TarMember[]; data: string[] }> {
  const members: TarMember[] = [];
  const data: string[] = [];
  const reader = new TarReader({
    begin: (member) => {
      members.push(member);
      data.push("");
    },
    data: (chunk) => {
      data[data.length - 1] += chunk.toString("latin1");
    },
    end: () => {},
  });
  for (let at = 0; at < archive.length; at += pieces) await reader.write(archive.subarray(at, at + pieces));
  reader.finish();
  return { members, data };
}

const BINARY = Buffer.from([1, 0, 0, 2, 0xff, 0xfe, 0x3d, 0x0a, 0xc3, 0x28]);

test("an archive is read the same in pieces of any size", async () => {
  const archive = tar([
    dir("d"),
    file("d/a", "x".repeat(1500), { pax: [["SCHILY.xattr.security.capability", BINARY]] }),
    file("d/empty"),
    file("d/b", "y"),
  ]);
  const whole = await read(archive, archive.length);
  expect(whole.data).toEqual(["", "x".repeat(1500), "", "y"]);
  for (const pieces of [1, 321, 512, 1000]) expect(await read(archive, pieces)).toEqual(whole);
});

test("binary values of extended headers arrive byte for byte", async () => {
  const { members } = await read(tar([file("a", "", { pax: [["SCHILY.xattr.user.x", BINARY]] })]), 100);
  const [key, value] = members[0]?.pax[0] ?? ["", ""];
  expect(key).toBe("SCHILY.xattr.user.x");
  expect(Buffer.from(value, "latin1").equals(BINARY)).toBe(true);
});

test("tar-stream still has the inside that this relies on", () => {
  // If one of these fails after an update of tar-stream, look at its extract.js and at src/tar/header-decoder.ts.
  const parser = extract() as unknown as Record<string, unknown>;
  for (const name of ["_createStream", "_consumeHeader", "_continueWrite"])
    expect(typeof parser[name]).toBe("function");
  expect(parser._buffer).toHaveProperty("shift");
  expect(parser._locked).toBe(false);
  expect(parser._header).toBe(null);
});

test("times before 1970 are read in GNU's form", async () => {
  const archive = withField([file("a")], 136, Buffer.from(`${"ff".repeat(11)}fe`, "hex"));
  expect((await read(archive, 512)).members[0]?.mtime).toBe(-2);
});

test("a member that waits holds back all that follows, and giving up ends it", async () => {
  const seen: string[] = [];
  let go = (): void => {};
  const reader = new TarReader({
    begin: ({ name }) => {
      seen.push(name);
      return name === "a" ? new Promise<void>((resolve) => (go = resolve)) : undefined;
    },
    data: (chunk) => void seen.push(chunk.toString()),
    end: () => void seen.push("end"),
  });
  const archive = tar([file("a", "1"), file("b", "2"), file("c", "3")]);
  const written = reader.write(archive);
  expect(seen).toEqual(["a"]);
  go();
  await written;
  reader.finish();
  expect(seen).toEqual(["a", "1", "end", "b", "2", "end", "c", "3", "end"]);

  const stopped = new TarReader({ begin: () => Promise.resolve(), data: () => void seen.push("late"), end: () => {} });
  const failed = stopped.write(archive);
  stopped.destroy();
  await expect(failed).rejects.toThrow("given up");
  expect(seen).not.toContain("late");
});

test("a header for all members is ignored, one for the next member is not inherited", async () => {
  const archive = tar([
    { name: "g", type: "g", data: "13 path=evil\n" },
    file("a", "", { pax: [["SCHILY.xattr.user.x", "1"]] }),
    file("b"),
  ]);
  const { members } = await read(archive, 512);
  expect(members.map(({ name, pax }) => [name, pax.length])).toEqual([
    ["a", 1],
    ["b", 0],
  ]);
});

test("two empty blocks end the archive, one among its members is an error", async () => {
  const [first, second] = [tar([file("a")]), tar([file("b", "x".repeat(2000))])];
  for (const pieces of [100, 512, 100_000]) {
    const ended = await read(Buffer.concat([first, second, Buffer.from("garbage")]), pieces);
    expect(ended.members.map(({ name }) => name)).toEqual(["a"]);
    expect((await read(first.subarray(0, -512), pieces)).members).toHaveLength(1);
    const one = read(Buffer.concat([first.subarray(0, -512), second]), pieces);
    await expect(one).rejects.toThrow("an empty block between its members");
  }
});

test("links, devices and directories have no data, whatever their size says", async () => {
  const members = [
    file("a", "1"),
    { name: "h", type: "1", link: "a", size: 1 },
    { name: "s", type: "2", link: "a", size: 600 },
    { name: "d/", type: "5", size: 512 },
    { name: "p", type: "6", size: 9, pax: [["size", "9"]] as const },
    file("b", "2"),
  ];
  const { members: seen, data } = await read(tar(members), 700);
  expect(seen.map(({ name, size }) => [name, size])).toEqual([
    ["a", 1],
    ["h", 0],
    ["s", 0],
    ["d/", 0],
    ["p", 0],
    ["b", 1],
  ]);
  expect(data).toEqual(["1", "", "", "", "", "2"]);
});

/** An archive of which the first header's field holds these bytes. */
function withField([first, ...rest]: readonly Member[], at: number, bytes: Buffer): Buffer {
  return tar([{ name: "", ...first, fields: [[at, bytes]] }, ...rest]);
}

/** Where a header has its size. */
const SIZE = 124;

test.each([
  ["GNU's form", "8000000000000000000003e8"],
  ["octal digits between blanks", Buffer.from("   1750     ").toString("hex")],
  ["octal digits up to a NUL", Buffer.from("1750\0garbage").toString("hex")],
])("a size in %s", async (_, hex) => {
  const members = [file("a", "x".repeat(1000), { size: 0 }), file("b", "y")];
  const archive = withField(members, SIZE, Buffer.from(hex, "hex"));
  for (const pieces of [archive.length, 100])
    expect((await read(archive, pieces)).data).toEqual(["x".repeat(1000), "y"]);
});

// Some programs take such a size for none, or for one that nobody else reads.
const NO_SIZES = ["ff".repeat(12), "c0".padEnd(24, "0"), "81".padEnd(24, "0"), "fe".repeat(12), `80${"ff".repeat(11)}`];
const NO_OCTALS = ["-0000000010\0", "99999999999\0", "12 34       ", "0x10        ", "1e3         "];

test.each(["0", "1", "5", "L", "K", "x", "g", "\0"])(
  "a size that is none is an error in a member of type %j",
  async (type) => {
    for (const bytes of [
      ...NO_SIZES.map((hex) => Buffer.from(hex, "hex")),
      ...NO_OCTALS.map((text) => Buffer.from(text)),
    ]) {
      const archive = withField([{ name: "a", type, data: "x" }, file("b")], SIZE, bytes);
      await expect(read(archive, archive.length)).rejects.toThrow(/its header's size is (no number|out of range)/);
    }
  },
);

test("every first byte of every number is read or refused", async () => {
  for (const at of [100, 108, 116, 124, 136, 329, 337]) {
    for (let byte = 0; byte < 256; byte++) {
      const archive = withField([{ name: "a", type: "3", data: "" }, file("b")], at, Buffer.from([byte]));
      const members = await read(archive, archive.length).then((all) => all.members.length, String);
      expect(members).toSatisfy((it) => it === 2 || /its header's .* is (no number|out of range)/.test(String(it)));
    }
  }
});

test("a file of an old archive with a slash at its end is a folder, and its data is passed over", async () => {
  const old = { name: "dir/", type: "\0", data: "x".repeat(600) };
  const { members, data } = await read(tar([old, file("dir/b", "y"), { name: "c", type: "\0", data: "z" }]), 300);
  expect(members.map(({ name, type }) => [name, type])).toEqual([
    ["dir/", "directory"],
    ["dir/b", "file"],
    ["c", "file"],
  ]);
  expect(data).toEqual(["", "y", "z"]);
});

test("what is no archive is called so", async () => {
  await expect(read(Buffer.from("not a tar archive ".repeat(100)), 512)).rejects.toThrow("it is no tar archive");
});

test("pax records are read strictly", () => {
  expect(parsePaxRecords(Buffer.from("11 path=ab\n7 k=\n=\n"))).toEqual([
    ["path", "ab"],
    ["k", "\n="],
  ]);
  for (const text of [
    "0 \n",
    "5 a=b",
    "6 a=b\n6",
    "99 a=b\n",
    "x a=b\n",
    "6 ab \n",
    "-6 a=b\n",
    "5 =b\n",
    "06 a=b\n",
  ]) {
    expect(() => parsePaxRecords(Buffer.from(text))).toThrow("pax header");
  }
});
