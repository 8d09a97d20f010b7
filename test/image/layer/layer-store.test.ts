import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { DiffId } from "../../../src/image/document/digest.ts";
import { ImageError } from "../../../src/image/error.ts";
import { derivedLayer } from "../../../src/image/layer/derived-layer.ts";
import { type LayerChain, type LayerStore, openLayers } from "../../../src/image/layer/layer-store.ts";
import { LAYER_LIMITS } from "../../../src/image/layer/limits.ts";
import { listTree, scratchDirectories } from "../support/scratch.ts";
import { dir, file, sha256, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;

const LOW = tar([dir("etc"), file("etc/a", "1")]);
/** Lacks its parent directory, so it is unpacked for this chain alone. */
const HIGH = tar([file("etc/b", "2")]);
const idOf = (bytes: Buffer) => sha256(bytes) as DiffId;
const CHAIN: LayerChain = [idOf(LOW), idOf(HIGH)];

let count = 0;
async function add(state: string, chain: LayerChain, bytes: Buffer): Promise<void> {
  const work = join(state, "work");
  mkdirSync(work, { recursive: true });
  mkdirSync(join(state, "layers"), { recursive: true });
  const writer = await openLayers(state).add(chain, {
    dir: join(work, `${count++}`),
    below: async () => {},
    inUserNamespace: false,
    limits: LAYER_LIMITS,
  });
  try {
    await writer.write(bytes);
    await writer.finish();
  } finally {
    writer.abort();
  }
}

async function filled(): Promise<{ state: string; layers: LayerStore }> {
  const state = scratch();
  await add(state, CHAIN.slice(0, 1), LOW);
  await add(state, CHAIN, gzipSync(HIGH));
  return { state, layers: openLayers(state) };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => "fine",
    (error: unknown) => (error instanceof ImageError ? error.code : String(error)),
  );

test("layers that do not exist yet are missing, and nothing is wrong with them", async () => {
  const layers = openLayers(join(scratch(), "none"));
  expect(layers.has(CHAIN)).toBe(false);
  expect(layers.missing(CHAIN)).toEqual([...CHAIN]);
  expect(layers.lower([])).toEqual([]);
  expect(() => layers.lower(CHAIN)).toThrow("is not in the store");
  expect(await layers.verify()).toEqual([]);
  layers.remove({ chains: [], ids: [] }, () => expect.unreachable());
});

describe.skipIf(!root)("a layer", () => {
  test("that was added is a directory to mount, lowest first", async () => {
    const { state, layers } = await filled();
    expect(layers.missing(CHAIN)).toEqual([]);
    const [low = "", high = ""] = layers.lower(CHAIN);
    expect(readFileSync(join(low, "etc/a"), "utf8")).toBe("1");
    expect(readFileSync(join(high, "etc/b"), "utf8")).toBe("2");
    expect(await layers.verify()).toEqual([]);
    expect(listTree(join(state, "work"))).toEqual([]);
  });

  test("that needed those below it is there for that chain alone", async () => {
    const { layers } = await filled();
    expect(layers.has(CHAIN)).toBe(true);
    expect(layers.has(CHAIN.slice(1))).toBe(false);
  });

  test("that an image has twice is mounted once, where it is highest", async () => {
    const { state, layers } = await filled();
    const [low = ""] = layers.lower(CHAIN);
    expect(layers.lower([...CHAIN.slice(0, 1), ...CHAIN.slice(0, 1)])).toEqual([low]);
    expect(low.startsWith(join(state, "layers"))).toBe(true);
  });

  test("that is there is compared with what comes, and stays as it is", async () => {
    const { state, layers } = await filled();
    expect(await code(add(state, CHAIN.slice(0, 1), gzipSync(LOW)))).toBe("fine");
    expect(await code(add(state, CHAIN.slice(0, 1), HIGH))).toBe("digest-mismatch");
    expect(await layers.verify()).toEqual([]);
  });

  test("that is not what was promised leaves nothing", async () => {
    const state = scratch();
    expect(await code(add(state, CHAIN.slice(0, 1), HIGH))).toBe("digest-mismatch");
    expect(await code(add(state, CHAIN.slice(0, 1), LOW.subarray(0, 700)))).toBe("corrupt-layer");
    expect(openLayers(state).has(CHAIN.slice(0, 1))).toBe(false);
    expect(listTree(state)).toEqual(["layers", "work"]);
  });

  test("goes unless an image's chain or work in progress keeps it", async () => {
    const { state, layers } = await filled();
    const gone = scratch();
    const take = (path: string) => renameSync(path, join(gone, path.slice(join(state, "layers").length + 1)));
    layers.remove({ chains: [CHAIN], ids: [] }, take);
    layers.remove({ chains: [], ids: layers.idsOf(CHAIN) }, take);
    expect(layers.missing(CHAIN)).toEqual([]);
    layers.remove({ chains: [CHAIN.slice(0, 1)], ids: [] }, take);
    expect(layers.missing(CHAIN)).toEqual(CHAIN.slice(1));
    layers.remove({ chains: [], ids: [] }, take);
    expect(listTree(join(state, "layers"))).toEqual([]);
  });

  test("that lost a file is reported", async () => {
    const { layers } = await filled();
    rmSync(join(layers.lower(CHAIN)[0] ?? "", "etc/a"));
    expect((await layers.verify()).map(({ message }) => message)).toEqual(["1 entries where 2 were unpacked"]);
  });

  test("has a derived form that is made once, and is none when the making failed", async () => {
    const { layers } = await filled();
    const [low = ""] = layers.lower(CHAIN);
    const make = (path: string) => mkdirSync(path);
    const fail = (path: string) => {
      mkdirSync(path);
      throw new Error("no space");
    };
    expect(() => derivedLayer(low, "1000", fail)).toThrow("no space");
    const derived = derivedLayer(low, "1000", make);
    expect(derivedLayer(low, "1000", fail)).toBe(derived);
    expect(existsSync(derived)).toBe(true);
    expect(await layers.verify()).toEqual([]);
  });
});
