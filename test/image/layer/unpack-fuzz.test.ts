import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "../../../src/image/error.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, hardlink, type Member, paxRecords, symlink, tar } from "../support/tar.ts";
import { unpack } from "../support/unpacked.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root)
  console.warn("test/image/layer/unpack-fuzz.test.ts: skipped, it makes devices and gives files away: run as root");

const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 400);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);

/** Numbers from 0 to `below` - 1, the same for the same seed (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const NAMES = [
  "a",
  "b",
  "a/b",
  "a/b/c",
  "../x",
  "/x",
  ".",
  "..",
  "a/..",
  "a//b",
  ".wh.a",
  "a/.wh.b",
  "a/.wh..wh..opq",
  ".wh..wh.plnk/1",
  ".wh...",
  "l",
  "l/x",
  "l/../y",
  "\xff\xfe",
  "",
];
const TARGETS = ["a", "b", "..", "../../../..", "/", "/etc", "l", ".", "a/b/c", "l/l", "../../precious"];

/** Members that are each plausible, in orders and combinations that are not. */
function oddMember(pick: (below: number) => number): Member {
  const name = NAMES[pick(NAMES.length)] ?? "a";
  const target = TARGETS[pick(TARGETS.length)] ?? "a";
  const kinds: readonly (() => Member)[] = [
    () => file(name, "x".repeat(pick(1200))),
    () => dir(name, { mode: pick(0o10000) }),
    () => symlink(name, target),
    () => hardlink(name, target),
    () => ({ name, type: "36"[pick(2)] ?? "3", major: pick(3), minor: pick(3) }),
    () =>
      file("x", "data", {
        pax: [
          ["path", name],
          ["SCHILY.xattr.user.a", "\0\xff="],
          ["mtime", "12.5"],
        ],
      }),
    () =>
      file("x", "data", {
        pax: [
          ["GNU.sparse.size", "9"],
          ["GNU.sparse.map", "0,2,7,2"],
        ],
      }),
    () => ({ name: "p", type: "xgLK"[pick(4)] ?? "x", data: paxRecords([["path", target]]) }),
  ];
  return kinds[pick(kinds.length)]?.() ?? file(name);
}

/** Flips, cuts or repeats some bytes. */
function damage(archive: Buffer, pick: (below: number) => number): Buffer {
  const copy = Buffer.from(archive);
  for (let flips = pick(4); flips > 0; flips--) copy[pick(copy.length)] = pick(256);
  return pick(5) === 0 ? copy.subarray(0, pick(copy.length)) : copy;
}

test.skipIf(!root)(
  `${ROUNDS} strange archives (FUZZ_SEED=${SEED}): each is unpacked or refused, and nothing outside changes`,
  async () => {
    const place = scratch();
    const pick = generator(SEED);
    let unpacked = 0;
    writeFileSync(join(place, "precious"), "precious");
    for (let round = 0; round < ROUNDS; round++) {
      const members = Array.from({ length: 1 + pick(8) }, () => oddMember(pick));
      const archive = damage(tar([dir("a"), symlink("l", TARGETS[pick(TARGETS.length)] ?? "a"), ...members]), pick);
      const inner = join(place, "in/in");
      mkdirSync(inner, { recursive: true });
      try {
        await unpack(inner, archive, { pieces: 1 + pick(2000), inUserNamespace: pick(2) === 0 });
        unpacked += 1;
      } catch (error) {
        if (!(error instanceof ImageError) || error.code === "store-io")
          throw new Error(`round ${round}`, { cause: error });
      }
      expect(readdirSync(place).sort()).toEqual(["in", "precious"]);
      expect(readdirSync(join(place, "in"))).toEqual(["in"]);
      expect(readdirSync(inner)).toEqual(["layer"]);
      expect(readFileSync(join(place, "precious"), "utf8")).toBe("precious");
      rmSync(inner, { recursive: true });
    }
    expect(unpacked).toBeGreaterThan(0);
  },
  120_000,
);
