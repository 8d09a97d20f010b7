import { beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { completeId } from "../../../src/cli/image/short-id.ts";
import { BerthError } from "../../../src/error.ts";
import { ImageError } from "../../../src/image/error.ts";
import { openStore, type Store } from "../../../src/image/store/store.ts";
import { openWork } from "../../../src/image/store/work.ts";
import { loadImages } from "../../../src/image/transport/load.ts";
import { systemScope } from "../../../src/scope.ts";
import { readContainerUse } from "../../../src/state/image-use.ts";
import { withStateLock } from "../../../src/state/lock.ts";
import { containerRecord } from "../../state/records.ts";
import { listTree, scratchDirectories } from "../support/scratch.ts";
import { dir, file, sha256, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/store.test.ts: skipped in part, unpacking gives files away: run as root");

const SHARED = tar([dir("etc"), file("etc/a", "1")]);
let archive: Buffer;
beforeAll(() => {
  const images = [
    { name: "c1", tags: ["app:1", "app:stable"], layers: [SHARED, tar([file("one")])] },
    { name: "c2", tags: ["registry.example/other:2"], layers: [SHARED, tar([file("two")])] },
  ];
  archive = tar([
    ...images.map(({ name, layers }) =>
      file(name, JSON.stringify({ os: "linux", rootfs: { type: "layers", diff_ids: layers.map(sha256) } })),
    ),
    ...images.flatMap(({ name, layers }) => layers.map((bytes, at) => file(`${name}-${at}`, bytes))),
    file(
      "manifest.json",
      JSON.stringify(
        images.map(({ name, tags, layers }) => ({
          Config: name,
          RepoTags: tags,
          Layers: layers.map((_, at) => `${name}-${at}`),
        })),
      ),
    ),
  ]);
});

async function filled(): Promise<Store> {
  const state = scratch();
  writeFileSync(join(state, "archive"), archive);
  await loadImages({ path: join(state, "archive") }, { store: openStore(state) });
  return openStore(state);
}

const unused = { uses: () => [] };
const code = (work: Promise<unknown>) =>
  work.then(
    () => "fine",
    (error: unknown) => (error instanceof BerthError ? error.code : String(error)),
  );

test("a store that does not exist yet is empty", async () => {
  const store = openStore(join(scratch(), "none"));
  expect(store.resolve("app")).toBeUndefined();
  expect(store.list()).toEqual([]);
  expect(await store.verify()).toEqual([]);
  expect(() => store.layers.lower([sha256("x") as never])).toThrow("is not in the store");
});

describe.skipIf(!root)("removing", () => {
  test("a name goes, the image stays while it has another, and shared layers stay for the other image", async () => {
    const store = await filled();
    const other = store.resolve("registry.example/other:2");
    expect(await store.remove("app:1", unused)).toEqual({ untagged: ["localhost/app:1"], deleted: undefined });
    expect(store.resolve("app:stable")).toBeDefined();
    const removed = await store.remove("app:stable", unused);
    expect(removed.deleted).toBeDefined();
    expect(readdirSync(store.paths.layers)).toHaveLength(2);
    expect(store.layers.lower(other?.layers ?? [])).toHaveLength(2);
    expect(await store.verify()).toEqual([]);
    await store.remove("registry.example/other:2", unused);
    expect(listTree(store.paths.layers)).toEqual([]);
    expect(listTree(store.paths.blobs)).toEqual([]);
    expect(listTree(store.paths.work)).toEqual([]);
  });

  test("by ID wants force when there are several names", async () => {
    const store = await filled();
    const id = store.resolve("app:1")?.configDigest.slice(7, 19) ?? "";
    expect(await code(store.remove(id, unused))).toBe("in-use");
    expect((await store.remove(id, { ...unused, force: true })).untagged).toHaveLength(2);
    expect(await code(store.remove(id, unused))).toBe("not-found");
  });

  test("a manifest of the same image without a name is none of its names", async () => {
    const store = await filled();
    const index = JSON.parse(readFileSync(store.paths.index, "utf8"));
    const nameless = index.manifests.find(({ annotations }: { annotations: object }) =>
      Object.values(annotations).includes("localhost/app:stable"),
    );
    nameless.annotations = {};
    writeFileSync(store.paths.index, JSON.stringify(index));
    const id = store.resolve("app:1")?.configDigest.slice(7) ?? "";
    const short = completeId(store, id.slice(0, 4));
    expect(short).toBe(id);
    expect((await store.remove(short, unused)).untagged).toEqual(["localhost/app:1"]);
    expect(completeId(store, id.slice(0, 4))).toBe(id.slice(0, 4));
    expect(store.list().map(({ reference }) => reference)).toEqual(["registry.example/other:2"]);
  });

  test("what is unused goes with all its names, but nothing that a container runs from or has mounted", async () => {
    const store = await filled();
    const names = (images: readonly { reference: string }[]) => images.map(({ reference }) => reference);
    const none = () => [];
    expect(names(store.unused(() => true, none))).toHaveLength(3);
    // Of an image with several names every one has to be chosen.
    expect(names(store.unused(({ reference }) => !reference.endsWith("stable"), none))).toEqual([
      "registry.example/other:2",
    ]);
    const runtime = scratch();
    mkdirSync(join(runtime, "containers/abc"), { recursive: true });
    const record = join(runtime, "containers/abc/record.json");
    const otherImages = [store.resolve("registry.example/other:2")?.layers ?? []];
    writeFileSync(record, JSON.stringify(containerRecord({ otherImages })));
    const uses = () => readContainerUse({ ...systemScope(), runtimeDir: runtime });
    const unused = store.unused(() => true, uses);
    expect(names(unused)).toEqual(["localhost/app:1", "localhost/app:stable"]);
    // It has come to be used since it was looked at.
    const app = store.resolve("app:1");
    writeFileSync(record, JSON.stringify(containerRecord({ imageLayers: app?.layers ?? [], otherImages })));
    expect(await store.prune(unused, uses)).toEqual([]);
    writeFileSync(record, JSON.stringify(containerRecord({ otherImages })));
    expect(await store.prune(unused, uses)).toEqual(app === undefined ? [] : [app.configDigest]);
    expect(names(store.list())).toEqual(["registry.example/other:2"]);
    expect(await store.verify()).toEqual([]);
  });

  test("layers that a container has mounted stay, whatever is forced, until it is gone", async () => {
    const store = await filled();
    const image = store.resolve("registry.example/other:2");
    const runtime = scratch();
    mkdirSync(join(runtime, "containers/abc"), { recursive: true });
    mkdirSync(join(runtime, "containers/starting"));
    const record = join(runtime, "containers/abc/record.json");
    writeFileSync(record, JSON.stringify(containerRecord({ imageLayers: image?.layers ?? [] })));
    const uses = () => readContainerUse({ ...systemScope(), runtimeDir: runtime });
    expect(await code(store.remove("registry.example/other:2", { uses }))).toBe("in-use");
    expect(store.resolve("registry.example/other:2")).toBeDefined();
    await store.remove("registry.example/other:2", { uses, force: true });
    expect(store.resolve("registry.example/other:2")).toBeUndefined();
    expect(store.layers.lower(image?.layers ?? [])).toHaveLength(2);
    writeFileSync(record, "{");
    expect(await code(store.remove("app:1", { uses, force: true }))).toBe("corrupt-record");
    rmSync(record);
    await store.remove("app:1", { uses });
    await store.remove("app:stable", { uses });
    expect(listTree(store.paths.layers)).toEqual([]);
  });

  test("what a pull in progress counts on stays, what a dead one left goes", async () => {
    const store = await filled();
    const layers = store.resolve("app:1")?.layers ?? [];
    const work = openWork(store.stateDir, store.paths);
    work.keep(layers);
    const dead = join(store.paths.work, "1-dead");
    mkdirSync(dead);
    writeFileSync(join(dead, "lock"), "");
    writeFileSync(join(dead, "keep"), "sha256:x");
    await store.remove("app:1", unused);
    await store.remove("app:stable", unused);
    expect(store.layers.lower(layers)).toHaveLength(2);
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(work.path)).toBe(true);
    // Nobody knows any more what it counts on.
    rmSync(join(work.path, "keep"));
    execFileSync("mkfifo", [join(work.path, "keep")]);
    await expect(store.remove("registry.example/other:2", unused)).rejects.toThrow("is not a regular file");
    work.close();
    await store.remove("registry.example/other:2", unused);
    expect(listTree(store.paths.layers)).toEqual([]);
    expect(listTree(store.paths.work)).toEqual([]);
  });
});

test.skipIf(!root)("nobody else gets at the programs in images, whatever the umask is", async () => {
  const old = process.umask(0);
  try {
    const { paths } = await filled();
    for (const path of [paths.images, paths.layers, paths.work]) expect(statSync(path).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(old);
  }
});

describe.skipIf(!root)("verify", () => {
  const damages: readonly [what: string, damage: (store: Store) => void, says: RegExp][] = [
    [
      "a blob with other bytes",
      ({ paths }) => writeFileSync(join(paths.blobs, readdirSync(paths.blobs)[0] ?? ""), "x"),
      /its bytes are sha256:/,
    ],
    ["a blob that is missing", ({ paths }) => rmSync(join(paths.blobs, sha256(SHARED).slice(7))), /is missing/],
    [
      "a layer that is missing",
      ({ paths }) => rmSync(join(paths.layers, sha256(SHARED).slice(7)), { recursive: true }),
      /layer sha256:.* is missing/,
    ],
    [
      "a file that is missing",
      ({ paths }) => rmSync(join(paths.layers, sha256(SHARED).slice(7), "tree/etc/a")),
      /1 entries where 2 were unpacked/,
    ],
    [
      "a file that is cut short",
      ({ paths }) => truncateSync(join(paths.layers, sha256(SHARED).slice(7), "tree/etc/a"), 0),
      /0 bytes where 1 were unpacked/,
    ],
    [
      "a layer without its record",
      ({ paths }) => rmSync(join(paths.layers, sha256(SHARED).slice(7), "layer.json")),
      /record is missing/,
    ],
    ["an index that is broken", ({ paths }) => writeFileSync(paths.index, "{"), /it is not JSON/],
  ];
  for (const [what, damage, says] of damages) {
    test(`finds ${what}`, async () => {
      const store = await filled();
      expect(await store.verify()).toEqual([]);
      damage(store);
      const problems = await store.verify();
      expect(problems.map(({ where, message }) => `${where}: ${message}`).join("\n")).toMatch(says);
    });
  }

  test("a manifest or configuration that was changed is never used", async () => {
    const store = await filled();
    const image = store.resolve("app:1");
    writeFileSync(join(store.paths.blobs, image?.configDigest.slice(7) ?? ""), "{}");
    expect(() => store.resolve("app:1")).toThrow(ImageError);
  });
});

test("the lock keeps writers apart, and readers together", () => {
  const state = scratch();
  const order: string[] = [];
  withStateLock(state, "shared", () => {
    withStateLock(state, "shared", () => order.push("both"));
  });
  withStateLock(state, "exclusive", () => order.push("alone"));
  expect(order).toEqual(["both", "alone"]);
});
