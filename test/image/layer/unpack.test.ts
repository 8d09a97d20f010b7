import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ImageError } from "../../../src/image/error.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, hardlink, type Member, symlink, tar } from "../support/tar.ts";
import { describeTree, unpack } from "../support/unpacked.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/layer/unpack.test.ts: skipped, it makes devices and gives files away: run as root");

async function failure(members: readonly Member[] | Buffer, request: Parameters<typeof unpack>[2] = {}) {
  const outside = scratch();
  writeFileSync(join(outside, "host"), "precious");
  const archive = Buffer.isBuffer(members) ? members : tar(members);
  let error: unknown;
  try {
    await unpack(join(outside, "a/b/c"), archive, request);
  } catch (caught) {
    error = caught;
  }
  expect(readFileSync(join(outside, "host"), "utf8")).toBe("precious");
  for (const name of ["escaped", "a/escaped", "a/b/escaped", "a/b/c/escaped", "a/b/c/layer/escaped"]) {
    expect(existsSync(join(outside, name))).toBe(false);
  }
  if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${error}`);
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message);
  return { code: error.code, message: messages.join(": ") };
}

describe.skipIf(!root)("an honest layer", () => {
  test("keeps types, modes, owners, times, links, devices and attributes", async () => {
    const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
    const archive = tar([
      dir("./", { mode: 0o751, uid: 3, gid: 4, mtime: 1_600_000_000 }),
      dir("etc/", { mode: 0o2750, mtime: 1_500_000_000 }),
      file("etc/shadow", "secret", { mode: 0o640, uid: 1000, gid: 42, pax: [["mtime", "1234567890.123456789"]] }),
      file("bin", "", { mode: 0o4755, uid: 7, pax: [["SCHILY.xattr.security.capability", capability]] }),
      hardlink("etc/same", "etc/shadow"),
      symlink("link", "/etc/../nowhere"),
      { name: "null", type: "3", major: 1, minor: 3, mode: 0o666 },
      { name: "disk", type: "4", major: 259, minor: 0x12345, mode: 0o660 },
      { name: "pipe", type: "6", mode: 0o600 },
      file("old", "x", { pax: [["mtime", "-1.25"]] }),
      file("attr", "x", { pax: [["SCHILY.xattr.user.binary", Buffer.from([0, 0xff, 0x3d, 0x0a, 0xc3])]] }),
      file("empty-attr", "x", { pax: [["SCHILY.xattr.user.empty", ""]] }),
    ]);
    const { tree, dependsOnLower } = await unpack(scratch(), archive, { bytes: gzipSync(archive), pieces: 321 });
    const facts = describeTree(tree);
    expect(dependsOnLower).toBe(false);
    expect(facts.get(".")).toMatchObject({ mode: 0o751, uid: 3, gid: 4, mtime: 1_600_000_000_000_000_000n });
    expect(facts.get("etc")).toMatchObject({ type: "directory", mode: 0o2750, mtime: 1_500_000_000_000_000_000n });
    expect(facts.get("etc/same")).toMatchObject({ mode: 0o640, uid: 1000, gid: 42, mtime: 1234567890123456789n });
    expect(facts.get("etc/shadow")?.sameAs).toBe("etc/same");
    expect(facts.get("bin")).toMatchObject({ mode: 0o4755, uid: 7 });
    expect(facts.get("bin")?.attributes).toEqual({ "security.capability": capability.toString("hex") });
    expect(facts.get("link")).toMatchObject({
      type: "symlink",
      content: "/etc/../nowhere",
      mtime: 1_700_000_000_000_000_000n,
    });
    expect(facts.get("null")).toMatchObject({ type: "character", rdev: 0x103, mode: 0o666 });
    expect(facts.get("disk")).toMatchObject({ type: "block", mode: 0o660 });
    expect(lstatSync(join(tree, "disk")).rdev).toBe(0x12310345);
    expect(facts.get("pipe")).toMatchObject({ type: "fifo", mode: 0o600 });
    expect(facts.get("old")?.mtime).toBe(-1_250_000_000n);
    expect(facts.get("attr")?.attributes).toEqual({ "user.binary": "00ff3d0ac3" });
    expect(facts.get("empty-attr")?.attributes).toEqual({ "user.empty": "" });
  });

  test("keeps names that are long or not UTF-8", async () => {
    const odd = Buffer.from([0x61, 0xff, 0xe9, 0xc3, 0xa9]);
    const long = `${"d".repeat(120)}/${"e".repeat(200)}`;
    const archive = tar([
      file("x", "1", { name: odd }),
      file("short", "2", { pax: [["path", Buffer.from([0x62, 0xfe])]] }),
      {
        name: "short",
        type: "2",
        pax: [
          ["path", long],
          ["linkpath", "f".repeat(300)],
        ],
      },
      { name: "././@LongLink", type: "L", data: `${"g".repeat(200)}\0` },
      file("short", "3"),
    ]);
    const { tree } = await unpack(scratch(), archive);
    const facts = describeTree(tree);
    expect(facts.get("aÿéÃ©")?.size).toBe(1);
    expect(facts.get("bþ")?.size).toBe(1);
    expect(facts.get(long)?.content).toBe("f".repeat(300));
    expect(facts.get("g".repeat(200))?.size).toBe(1);
  });

  test("writes deletions and hidden directories as overlay reads them", async () => {
    const { tree } = await unpack(
      scratch(),
      tar([dir("a"), file("a/.wh.gone"), dir("b"), file("b/.wh..wh..opq"), file("b/new")]),
      { below: [(await unpack(scratch(), tar([dir("a"), file("a/gone")]))).tree] },
    );
    const facts = describeTree(tree);
    expect(facts.get("a/gone")).toMatchObject({ type: "character", rdev: 0 });
    expect(facts.get("b")?.attributes).toEqual({ "trusted.overlay.opaque": "79" });
    expect(facts.has("b/.wh..wh..opq")).toBe(false);
    const inside = await unpack(scratch(), tar([dir("b"), file("b/.wh..wh..opq")]), { inUserNamespace: true });
    expect(describeTree(inside.tree).get("b")?.attributes).toEqual({ "user.overlay.opaque": "79" });
  });

  test("a whiteout and a file of the same name: the file stays, a directory hides the lower one", async () => {
    const before = await unpack(
      scratch(),
      tar([file(".wh.d"), dir("d"), file("d/x"), file(".wh.f"), file("f", "new")]),
    );
    expect(describeTree(before.tree).get("d")?.attributes).toEqual({ "trusted.overlay.opaque": "79" });
    expect(describeTree(before.tree).get("f")).toMatchObject({ type: "file", size: 3 });
    const after = await unpack(scratch(), tar([dir("d"), file("d/x"), file(".wh.d"), file("f", "new"), file(".wh.f")]));
    expect(describeTree(after.tree).get("d")?.attributes).toEqual({ "trusted.overlay.opaque": "79" });
    expect(describeTree(after.tree).get("f")).toMatchObject({ type: "file", size: 3 });
    const parent = await unpack(scratch(), tar([file(".wh.d"), file("d/x", "1")]));
    expect(describeTree(parent.tree).get("d")?.attributes).toEqual({ "trusted.overlay.opaque": "79" });
  });

  test("a whiteout in a folder that has become a file, as umoci writes it, says nothing", async () => {
    const { tree } = await unpack(
      scratch(),
      tar([file("f", "new"), file("f/.wh.x"), file("b/f", "1"), file("b/f/.wh.y")]),
    );
    expect(describeTree(tree).get("f")).toMatchObject({ type: "file", size: 3 });
    expect([...describeTree(tree).keys()].filter((path) => path.includes("/"))).toEqual(["b/f"]);
  });

  test("aufs bookkeeping means nothing", async () => {
    const { tree } = await unpack(
      scratch(),
      tar([dir(".wh..wh.plnk"), file(".wh..wh.plnk/1.2", "x"), file(".wh..wh.aufs"), file("a")]),
    );
    expect([...describeTree(tree).keys()]).toEqual([".", "a"]);
  });

  test("of two entries with one name the last counts", async () => {
    const { tree } = await unpack(
      scratch(),
      tar([
        file("a", "1"),
        file("a", "22"),
        dir("b"),
        file("b/x"),
        symlink("b", "a"),
        symlink("c", "a"),
        dir("c"),
        dir("d", { mode: 0o700 }),
        file("d/y"),
        dir("d", { mode: 0o711 }),
      ]),
    );
    const facts = describeTree(tree);
    expect(facts.get("a")?.size).toBe(2);
    expect(facts.get("b")?.type).toBe("symlink");
    expect(facts.get("c")?.type).toBe("directory");
    expect(facts.get("d")?.mode).toBe(0o711);
    expect(facts.has("d/y")).toBe(true);
  });

  test("a hard link to itself, as GNU tar writes for a file that it was given twice, changes nothing", async () => {
    const { tree } = await unpack(scratch(), tar([file("a", "1"), hardlink("a", "./a")]));
    expect(describeTree(tree).get("a")).toMatchObject({ type: "file", size: 1 });
  });

  test("a symbolic link on the way is followed inside the layer", async () => {
    const { tree } = await unpack(
      scratch(),
      tar([
        dir("usr"),
        dir("usr/lib"),
        symlink("lib", "usr/lib"),
        file("lib/a", "1"),
        symlink("usr/abs", "/usr/lib"),
        file("usr/abs/b", "2"),
        symlink("up", "../../.."),
        file("up/c", "3"),
      ]),
    );
    const facts = describeTree(tree);
    expect([...facts.keys()]).toEqual([".", "c", "lib", "up", "usr", "usr/abs", "usr/lib", "usr/lib/a", "usr/lib/b"]);
  });

  test("sparse files of the pax formats, and holes stay holes", async () => {
    const map10 = Buffer.alloc(512);
    map10.write("2\n0\n3\n1000000\n2\n");
    const archive = tar([
      file("GNUSparseFile.0/v10", Buffer.concat([map10, Buffer.from("abcyz")]), {
        pax: [
          ["GNU.sparse.major", "1"],
          ["GNU.sparse.minor", "0"],
          ["GNU.sparse.name", "v10"],
          ["GNU.sparse.realsize", "2000000"],
        ],
      }),
      file("v01", "abcyz", {
        pax: [
          ["GNU.sparse.size", "2000000"],
          ["GNU.sparse.map", "0,3,1000000,2"],
        ],
      }),
      file("v00", "abcyz", {
        pax: [
          ["GNU.sparse.size", "2000000"],
          ["GNU.sparse.offset", "0"],
          ["GNU.sparse.numbytes", "3"],
          ["GNU.sparse.offset", "1000000"],
          ["GNU.sparse.numbytes", "2"],
        ],
      }),
    ]);
    const { tree } = await unpack(scratch(), archive, { pieces: 100 });
    const wanted = Buffer.alloc(2_000_000);
    wanted.write("abc");
    wanted.write("yz", 1_000_000);
    for (const name of ["v10", "v01", "v00"]) {
      expect(readFileSync(join(tree, name)).equals(wanted)).toBe(true);
      expect(lstatSync(join(tree, name)).blocks).toBeLessThan(100);
    }
  });

  test("what overlay would believe is not taken from an archive", async () => {
    const forged = [
      "trusted.overlay.redirect",
      "trusted.overlay.opaque",
      "user.overlay.opaque",
      "trusted.x",
      "security.selinux",
      "trusted.overlay.metacopy",
    ];
    const pax = forged.map((name) => [`SCHILY.xattr.${name}`, "y"] as const);
    const { tree } = await unpack(scratch(), tar([dir("d", { pax }), file("f", "", { pax })]));
    expect(describeTree(tree).get("d")?.attributes).toEqual({});
    expect(describeTree(tree).get("f")?.attributes).toEqual({});
  });
});

describe.skipIf(!root)("a layer that needs the layers below", () => {
  async function lower(members: readonly Member[]): Promise<string> {
    return (await unpack(scratch(), tar(members))).tree;
  }

  test("a hard link to a lower file copies it up", async () => {
    const below = await lower([
      dir("a"),
      file("a/f", "body", {
        uid: 9,
        mode: 0o4711,
        pax: [
          ["SCHILY.xattr.user.k", "v"],
          ["mtime", "5.5"],
        ],
      }),
    ]);
    const { tree, dependsOnLower } = await unpack(scratch(), tar([dir("b"), hardlink("b/g", "a/f")]), {
      below: [below],
    });
    const facts = describeTree(tree);
    expect(dependsOnLower).toBe(true);
    expect(facts.get("b/g")).toMatchObject({ uid: 9, mode: 0o4711, size: 4, mtime: 5_500_000_000n, sameAs: "a/f" });
    expect(facts.get("a/f")?.attributes).toEqual({ "user.k": "76" });
  });

  test("parents that the archive leaves out are as they are below", async () => {
    const below = await lower([
      dir("tmp", { mode: 0o1777, uid: 5, mtime: 77 }),
      symlink("lib", "usr/lib"),
      dir("usr"),
      dir("usr/lib", { mode: 0o700 }),
    ]);
    const { tree } = await unpack(scratch(), tar([file("tmp/x"), file("lib/y")]), { below: [below] });
    const facts = describeTree(tree);
    expect(facts.get("tmp")).toMatchObject({ mode: 0o1777, uid: 5, mtime: 77_000_000_000n });
    expect([...facts.keys()]).toEqual([".", "tmp", "tmp/x", "usr", "usr/lib", "usr/lib/y"]);
    expect(facts.get("usr/lib")?.mode).toBe(0o700);
  });

  test.each([
    ["itself", [file(".wh.f"), hardlink("g", "f")]],
    ["by its folder", [file(".wh.d"), hardlink("g", "d/e/f")]],
    ["by its folder's content", [dir("d"), file("d/.wh..wh..opq"), hardlink("g", "d/e/f")]],
  ])("a file that this layer deletes %s before it links to it is gone, and linked to as it was", async (_, members) => {
    const below = await lower([file("f", "x", { uid: 7 }), dir("d"), dir("d/e"), file("d/e/f", "x", { uid: 7 })]);
    const { tree, dependsOnLower } = await unpack(scratch(), tar(members), { below: [below] });
    const facts = describeTree(tree);
    expect(facts.get("g")).toMatchObject({ type: "file", size: 1, uid: 7, sameAs: "g" });
    expect(facts.get("f")?.type).not.toBe("file");
    expect(facts.has("d/e")).toBe(false);
    expect(dependsOnLower).toBe(true);
    expect((await failure([...members.slice(0, -1), hardlink("g", "d/no")], { below: [below] })).code).toBe(
      "hostile-layer",
    );
  });

  test("a device below can be linked to", async () => {
    const below = await lower([{ name: "disk", type: "4", major: 259, minor: 0x12345 }]);
    const { tree } = await unpack(scratch(), tar([hardlink("same", "disk")]), { below: [below] });
    expect(describeTree(tree).get("same")).toMatchObject({ type: "block", rdev: 0x12310345, sameAs: "disk" });
  });

  const [wd, wc, opq, wb] = [file(".wh.d"), file("d/.wh.c"), file("d/.wh..wh..opq"), file("d/b/.wh.c")];
  test.each([
    ["a folder, then its child", [wd, wc], { d: "whiteout" }],
    ["a folder's child, then the folder", [wc, wd], { d: "whiteout" }],
    ["a folder, then what is deeper in it", [wd, wb, opq], { d: "whiteout" }],
    ["what is deep in a folder, then the folder", [wb, opq, wd], { d: "whiteout" }],
    ["a child, then all children", [wc, wb, opq], { d: "directory" }],
    ["all children, then a child", [opq, wc, wb], { d: "directory" }],
    ["a child beside a new file", [file("d/new"), wc, wd], { d: "directory", "d/new": "file" }],
    ["what is in a file of this layer", [file("d"), wc, wb, opq], { d: "file" }],
    ["what only new folders could have", [dir("d"), opq, dir("d/b"), wb], { d: "directory", "d/b": "directory" }],
  ])("deletions that overlap leave nothing to be seen: %s", async (_, members, left) => {
    const below = await lower([dir("d"), file("d/c"), dir("d/b"), file("d/b/c")]);
    const { tree } = await unpack(scratch(), tar(members), { below: [below] });
    const facts = [...describeTree(tree)].filter(([name]) => name !== ".");
    const seen = facts.map(([name, { type, rdev }]) => [name, type === "character" && rdev === 0 ? "whiteout" : type]);
    expect(Object.fromEntries(seen)).toEqual(left);
  });

  test("deletions in folders that no layer below has leave nothing to be seen", async () => {
    const below = await lower([dir("old"), file("old/x"), file("f")]);
    const members = [file(".wh.y"), dir("new"), file("new/.wh.x"), file("f2"), dir("old"), file("old/.wh.y")];
    const { tree, dependsOnLower } = await unpack(scratch(), tar(members), { below: [below] });
    expect([...describeTree(tree).keys()]).toEqual([".", "f2", "new", "old", "old/y", "y"]);
    expect(dependsOnLower).toBe(true);
  });

  test("paths of two thousand folders that the archive leaves out take no longer than they have parts", async () => {
    const deep = (first: string) => `${first}/${"d/".repeat(2000)}`;
    const members = ["a", "b", "c"].map((first) => file("x", "1", { pax: [["path", `${deep(first)}x`]] }));
    const below = await lower(members);
    const again = [file("x", "2", { pax: [["path", `${deep("a")}y`]] }), ...members.slice(1)];
    const { dependsOnLower } = await unpack(scratch(), tar([...again, symlink("l", deep("a"))]), { below: [below] });
    expect(dependsOnLower).toBe(true);
    const links = [symlink("l", deep("a")), file("x", "", { pax: [["path", `l/${deep("a")}x`]] })];
    expect((await failure(links)).message).toContain("nested too deep");
  }, 60_000);

  test("a root that the archive leaves out is as it is below, and the usual root depends on nothing", async () => {
    const odd = await lower([dir("./", { mode: 0o700, uid: 8 }), file("a")]);
    const upper = await unpack(scratch(), tar([file("b")]), { below: [odd] });
    expect(describeTree(upper.tree).get(".")).toMatchObject({ mode: 0o700, uid: 8 });
    expect(upper.dependsOnLower).toBe(true);
    const usual = await unpack(scratch(), tar([file("b")]), { below: [await lower([file("a")])] });
    expect(describeTree(usual.tree).get(".")).toMatchObject({ mode: 0o755, uid: 0, gid: 0, mtime: 0n });
    expect(usual.dependsOnLower).toBe(false);
  });

  test("a file that a layer between deletes cannot be linked to", async () => {
    const lowest = await lower([file("f", "x"), dir("d"), file("d/f", "x")]);
    const between = await lower([file(".wh.f"), dir("d"), file("d/.wh..wh..opq")]);
    for (const name of ["f", "d/f"]) {
      const { code, message } = await failure([hardlink("g", name)], { below: [lowest, between] });
      expect(code).toBe("hostile-layer");
      expect(message).toContain("does not exist");
    }
  });
});

describe.skipIf(!root)("a hostile layer is refused, and nothing outside is touched", () => {
  const cases: readonly [what: string, members: readonly Member[], says: RegExp][] = [
    ["..", [file("../escaped")], /entry "\.\.\/escaped": its name leads out/],
    [".. in the middle", [dir("a"), file("a/../../escaped")], /leads out/],
    ["an empty name", [file("x", "", { pax: [["path", ""]] }), file("")], /entry "": its name is empty/],
    ["NUL in a pax name", [file("x", "", { pax: [["path", Buffer.from("a\0b")]] })], /NUL/],
    ["a name that is too long", [file("x", "", { pax: [["path", "a/".repeat(3000)]] })], /longer than/],
    ["a hard link out by ..", [hardlink("x", "../../host")], /leads out/],
    ["a hard link to a path that only the host has", [hardlink("x", "/etc/passwd")], /does not exist/],
    [
      "a device number that no kernel has",
      [{ name: "x", type: "3", major: 0o7777777 }],
      /device number is out of range/,
    ],
    ["a hard link through a symbolic link", [symlink("up", "../../.."), hardlink("x", "up/host")], /does not exist/],
    ["a hard link to nothing", [hardlink("x", "y")], /does not exist/],
    ["a hard link to itself", [hardlink("x", "x")], /does not exist/],
    ["a hard link to a directory", [dir("d"), hardlink("x", "d")], /directory/],
    ["a hard link to the root", [hardlink("x", ".")], /root/],
    ["a hard link over its target's parent", [dir("d"), file("d/x"), hardlink("d", "d/x")], /holds its target/],
    ["a hard link to a deletion", [file(".wh.y"), hardlink("x", "y")], /does not exist/],
    ["a whiteout of ..", [file(".wh..")], /whiteout of nothing/],
    ["a whiteout of ...", [file("a/.wh...")], /whiteout of nothing/],
    ["a whiteout of nothing", [file(".wh.")], /whiteout of nothing/],
    ["a file below a whiteout", [dir(".wh.d"), file(".wh.d/x")], /below a whiteout/],
    ["a file below a file", [file("f"), file("f/x")], /not a directory/],
    ["links that go in circles", [symlink("a", "b"), symlink("b", "a"), file("a/x")], /too many symbolic links/],
    ["the root as a file", [file("./", "x", { pax: [["path", "."]] })], /root is not a directory/],
    ["an unknown type", [{ name: "x", type: "Z" }], /not supported/],
    ["an old GNU sparse file", [{ name: "x", type: "S", data: "abc" }], /not supported/],
    ["a malformed pax header", [{ name: "p", type: "x", data: "99 path=x\n" }, file("x")], /malformed record/],
    ["a pax size that is no number", [file("x", "abc", { pax: [["size", "-5"]] })], /bad size/],
    ["a pax time that is no number", [file("x", "abc", { pax: [["mtime", "now"]] })], /time is malformed/],
    ["an owner out of range", [file("x", "", { pax: [["uid", "4294967295"]] })], /out of range/],
    [
      "a sparse map beyond the file",
      [
        file("x", "abc", {
          pax: [
            ["GNU.sparse.size", "2"],
            ["GNU.sparse.map", "0,3"],
          ],
        }),
      ],
      /sparse map/,
    ],
    [
      "a huge attribute",
      [file("x", "", { pax: [["SCHILY.xattr.user.big", "v".repeat(70_000)]] })],
      /longer than 65536/,
    ],
    [
      "a pax header over 4 MiB",
      [{ name: "p", type: "x", data: Buffer.alloc(4 * 1024 * 1024 + 1) }, file("x")],
      /an extended header of 4194305 bytes/,
    ],
  ];
  for (const [what, members, says] of cases) {
    test(what, async () => {
      const { message, code } = await failure(members);
      expect(message).toMatch(says);
      expect(message).toStartWith("unpack: ");
      expect(["hostile-layer", "unsupported", "corrupt-layer"]).toContain(code);
    });
  }

  test("names and targets that begin with a slash stay in the layer", async () => {
    const outside = scratch();
    const { tree, dependsOnLower } = await unpack(
      join(outside, "x"),
      tar([
        dir("/", { mode: 0o711 }),
        dir("//abs/"),
        file("/abs/f", "x"),
        hardlink("/h", "/abs/f"),
        file("y", "", { pax: [["path", `${outside}/escaped`]] }),
        hardlink("z", "///h"),
      ]),
    );
    const facts = describeTree(tree);
    expect(facts.get(".")?.mode).toBe(0o711);
    expect(facts.get("h")?.sameAs).toBe("abs/f");
    expect(facts.get("z")?.sameAs).toBe("abs/f");
    expect(existsSync(join(outside, "escaped"))).toBe(false);
    expect(existsSync(join(tree, outside, "escaped"))).toBe(true);
    expect(dependsOnLower).toBe(true);
  });

  test("a symbolic link as a parent cannot lead out", async () => {
    const outside = scratch();
    mkdirSync(join(outside, "target"));
    const { tree } = await unpack(join(outside, "x"), tar([symlink("d", `${outside}/target`), file("d/escaped", "1")]));
    expect(existsSync(join(outside, "target/escaped"))).toBe(false);
    expect(existsSync(join(tree, outside, "target/escaped"))).toBe(true);
  });

  test("a symbolic link as the last part is replaced, never written through", async () => {
    const outside = scratch();
    writeFileSync(join(outside, "host"), "precious");
    const { tree } = await unpack(
      join(outside, "x"),
      tar([symlink("f", `${outside}/host`), file("f", "new"), symlink("g", "../../host"), dir("g")]),
    );
    expect(readFileSync(join(outside, "host"), "utf8")).toBe("precious");
    expect(readFileSync(join(tree, "f"), "utf8")).toBe("new");
    expect(lstatSync(join(tree, "g")).isDirectory()).toBe(true);
  });

  test("more entries or bytes than the limits", async () => {
    const many = Array.from({ length: 20 }, (_, at) => file(`f${at}`));
    expect((await failure(many, { limits: { entries: 10 } })).code).toBe("too-large");
    expect((await failure([file("big", Buffer.alloc(100_000))], { limits: { bytes: 50_000 } })).code).toBe("too-large");
    const hole = file("x", "", {
      pax: [
        ["GNU.sparse.size", "900000000000000"],
        ["GNU.sparse.map", "0,0"],
      ],
    });
    expect((await failure([hole])).code).toBe("too-large");
  });
});

describe.skipIf(!root)("a damaged layer", () => {
  const honest = tar([file("a", "x".repeat(5000))]);

  test("another archive than the configuration promises", async () => {
    const { code, message } = await failure(honest, { bytes: tar([file("b")]) });
    expect(code).toBe("digest-mismatch");
    expect(message).toContain("uncompressed, it should be sha256:");
  });

  test("a gzip stream that is cut or corrupt", async () => {
    const packed = gzipSync(honest);
    expect((await failure(honest, { bytes: packed.subarray(0, packed.length - 9) })).code).toBe("corrupt-layer");
    const broken = Buffer.from(packed);
    broken.fill(0xff, 30, 40);
    expect((await failure(honest, { bytes: broken })).code).toBe("corrupt-layer");
    const wrongSum = Buffer.from(packed);
    wrongSum[wrongSum.length - 6] = (wrongSum[wrongSum.length - 6] ?? 0) ^ 1;
    expect((await failure(honest, { bytes: wrongSum })).code).toBe("corrupt-layer");
  });

  test("an archive that stops inside a member", async () => {
    expect((await failure(honest.subarray(0, 2000))).code).toBe("corrupt-layer");
  });

  test("bytes that are no archive", async () => {
    expect((await failure(Buffer.from("<html>".repeat(500)))).code).toBe("corrupt-layer");
  });

  test("a link target is read back as it was", async () => {
    const { tree } = await unpack(scratch(), tar([{ name: "l", type: "2", link: Buffer.from([0x78, 0xff]) }]));
    expect(readlinkSync(join(tree, "l"), { encoding: "buffer" })).toEqual(Buffer.from([0x78, 0xff]));
  });
});
