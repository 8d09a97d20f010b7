import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BerthError } from "../../../src/error.ts";
import { ImageError } from "../../../src/image/error.ts";
import { openStore } from "../../../src/image/store/store.ts";
import { ensure, NO_CREDENTIALS, pullFrom, QUICK } from "../support/pulling.ts";
import { TestRegistry } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { file, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const registry = new TestRegistry();
/** A store with two images that share nothing; each test damages a copy. */
let sound: string;

beforeAll(async () => {
  await registry.start();
  registry.putImage("a", { layers: [tar([file("a", "of a")])] });
  registry.putImage("b", { layers: [tar([file("b", "of b")])] });
  sound = mkdtempSync(join(tmpdir(), "berth-damage-"));
  for (const tag of ["a", "b"]) await pullFrom(registry, sound, `app:${tag}`);
});
afterAll(async () => {
  await registry.stop();
  rmSync(sound, { recursive: true });
});

/** Ways in which a disk or a power cut damages a file: by name, from its bytes. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  empty: () => Buffer.alloc(0),
  "cut after a byte": (bytes) => bytes.subarray(0, 1),
  "cut in the middle": (bytes) => bytes.subarray(0, bytes.length >> 1),
  "cut before the end": (bytes) => bytes.subarray(0, -2),
  zeros: (bytes) => Buffer.alloc(bytes.length),
  "another type": () => Buffer.from("5\n"),
  "an empty object": () => Buffer.from("{}\n"),
  null: () => Buffer.from("null\n"),
  "a list": () => Buffer.from("[[]]\n"),
  "bytes behind its end": (bytes) => Buffer.concat([bytes, Buffer.from("x")]),
  ...Object.fromEntries(
    [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1].map((part) => [
      `a flipped bit at ${part}`,
      (bytes: Buffer) => {
        const copy = Buffer.from(bytes);
        const at = Math.round((copy.length - 1) * part);
        copy[at] = (copy[at] ?? 0) ^ 0x10;
        return copy;
      },
    ]),
  ),
};

/** Everything that is asked of the store, each of which may refuse with an error of berth's own. */
async function useAll(state: string): Promise<void> {
  const store = openStore(state);
  const uses = () => [];
  const [a, b] = [`${registry.host}/app:a`, `${registry.host}/app:b`];
  const calls: (() => unknown)[] = [
    () => store.survey(),
    () => store.resolve(a),
    () => store.has(a),
    () => store.idOf(a),
    () => store.verify(),
    () => store.unused(() => true, uses),
    () => store.prune([], uses),
    () => ensure(b, { store, policy: "never", registries: NO_CREDENTIALS, retries: QUICK }),
  ];
  for (const call of calls) {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
    }
  }
}

function damagedCopies(): { readonly name: string; readonly state: string; readonly path: string }[] {
  const blobs = readdirSync(join(sound, "images/blobs/sha256")).map((name) => `images/blobs/sha256/${name}`);
  return ["images/index.json", ...blobs].flatMap((path) =>
    Object.entries(DAMAGES).map(([damage, apply]) => {
      const state = scratch();
      cpSync(sound, state, { recursive: true });
      writeFileSync(join(state, path), apply(readFileSync(join(sound, path))));
      return { name: `${path}: ${damage}`, state, path };
    }),
  );
}

test("a file damaged in any way stops no other image, and a pull heals it", async () => {
  for (const { name, state, path } of damagedCopies()) {
    await useAll(state);
    const store = openStore(state);
    if (path !== "images/index.json") {
      const whole = store.survey().images.map(({ reference }) => reference.split(":").at(-1));
      expect(whole.length, name).toBeGreaterThan(0);
      for (const tag of whole) {
        const options = { store, policy: "never", registries: NO_CREDENTIALS, retries: QUICK } as const;
        expect((await ensure(`${registry.host}/app:${tag}`, options)).reference, name).toEndWith(`app:${tag}`);
      }
    }
    for (const tag of ["a", "b"]) {
      const image = await ensure(`${registry.host}/app:${tag}`, {
        store,
        policy: "always",
        registries: NO_CREDENTIALS,
        retries: QUICK,
      });
      expect(store.layers.missing(image.layers), name).toEqual([]);
    }
    await store.repair(() => []);
    for (const tag of ["a", "b"]) await pullFrom(registry, state, `app:${tag}`);
    expect(await store.verify(), name).toEqual([]);
    expect(store.list().filter(({ reference }) => reference !== "").length, name).toBe(2);
  }
}, 120_000);

test("a start pulls a damaged image again, and says why if it cannot", async () => {
  const state = scratch();
  cpSync(sound, state, { recursive: true });
  const store = openStore(state);
  const image = store.resolve(`${registry.host}/app:a`);
  const manifest = join(state, "images/blobs/sha256", image?.manifestDigest.slice(7) ?? "");
  writeFileSync(manifest, "");
  const options = { store, policy: "missing", registries: NO_CREDENTIALS, retries: QUICK } as const;
  registry.intercept = (_, response) => response.writeHead(500).end() !== undefined;
  const failure: unknown = await ensure(`${registry.host}/app:a`, options).catch((error: unknown) => error);
  registry.intercept = () => false;
  expect(failure).toBeInstanceOf(ImageError);
  expect(`${failure}`).toContain("does not match its digest");
  expect((await ensure(`${registry.host}/app:a`, options)).layers).toEqual(image?.layers ?? []);
  expect(statSync(manifest).size).toBeGreaterThan(0);
});

test("a repair keeps every image, and what containers have mounted", async () => {
  const state = scratch();
  cpSync(sound, state, { recursive: true });
  const store = openStore(state);
  const [a, b] = ["a", "b"].map((tag) => store.resolve(`${registry.host}/app:${tag}`));
  writeFileSync(join(state, "images/index.json"), "{");
  for (const name of readdirSync(join(state, "layers")))
    writeFileSync(join(state, "layers", name, "tree", "more"), "grown");
  const done = await store.repair(() => [{ container: "web", layers: a?.layers ?? [] }]);
  expect(done.filter((line) => line.includes("left, since a container"))).toHaveLength(1);
  expect(done.filter((line) => line.includes("the next start unpacks it"))).toHaveLength(1);
  expect(existsSync(join(state, "images/index.json.damaged"))).toBe(true);
  expect(store.list().map(({ configDigest }) => configDigest)).toEqual(
    expect.arrayContaining([a?.configDigest, b?.configDigest].flatMap((digest) => digest ?? [])),
  );
  const id = b?.configDigest ?? "";
  const options = { store, policy: "never", registries: NO_CREDENTIALS, retries: QUICK } as const;
  expect(store.layers.missing((await ensure(id, options)).layers)).toEqual([]);
});
