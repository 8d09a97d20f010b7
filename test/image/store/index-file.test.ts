import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../../src/image/document/digest.ts";
import { platformOf } from "../../../src/image/document/platform.ts";
import { ImageError } from "../../../src/image/error.ts";
import {
  entryName,
  entryNamed,
  formatIndexFile,
  newEntry,
  parseIndexFile,
  withoutName,
} from "../../../src/image/store/index-file.ts";
import { openStore, type Store } from "../../../src/image/store/store.ts";
import { prepareStore } from "../../../src/image/store/store-write.ts";
import { loadImages } from "../../../src/image/transport/load.ts";
import { Layout, REF_NAME } from "../support/layout.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, sha256, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
const skopeo = Bun.which("skopeo");
if (skopeo === null) console.warn("test/image/store/index-file.test.ts: skipped in part: there is no skopeo");

const PLATFORM = platformOf(process.arch);
const unused = { uses: () => [] };

const refuse = (why: string): never => {
  throw new Error(why);
};
const parse = (value: unknown) => parseIndexFile(Buffer.from(JSON.stringify(value)), refuse);
const entry = (more: object = {}) => ({ mediaType: OCI_MANIFEST, digest: sha256("a"), size: 1, ...more });

describe("index.json", () => {
  test("keeps what berth does not know: members of the file, of entries, annotations, and what cannot be read", () => {
    const document = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      annotations: { "org.example": "x" },
      unknown: [1],
      manifests: [
        entry({ artifactType: "a/b", data: "YQ==", annotations: { [REF_NAME]: "n", other: "kept" }, "x-y": { z: 1 } }),
        entry({ digest: "sha512:x" }),
        "not an entry",
      ],
    };
    const read = parse(document);
    expect(read.entries).toHaveLength(1);
    expect(read.damaged.map(({ why }) => why)).toEqual([
      'not a sha256 digest: "sha512:x"',
      "a descriptor is not an object",
    ]);
    expect(JSON.parse(formatIndexFile(read))).toEqual(document);
  });

  test("loses nothing but the name when an entry loses its name", () => {
    const [named] = parse({
      schemaVersion: 2,
      manifests: [entry({ annotations: { [REF_NAME]: "n", other: "kept" }, unknown: 1 })],
    }).entries;
    if (named === undefined) throw new Error("no entry");
    const nameless = withoutName(named);
    expect(entryName(nameless)).toBeUndefined();
    expect(nameless.json).toEqual(entry({ annotations: { other: "kept" }, unknown: 1 }));
  });

  test("holds a new entry with what is known of it alone", () => {
    const made = newEntry({
      mediaType: OCI_MANIFEST,
      digest: sha256("a") as Digest,
      size: 1,
      annotations: {},
      platform: { os: "linux", architecture: "amd64", variant: "" },
    });
    expect(made.json).toEqual(entry({ platform: { os: "linux", architecture: "amd64" } }));
  });

  test("that is no index is refused", () => {
    expect(() => parse([])).toThrow("not a JSON object");
    expect(() => parse({ schemaVersion: 1, manifests: [] })).toThrow("schemaVersion is not 2");
    expect(() => parse({ schemaVersion: 2, manifests: {} })).toThrow("manifests is not an array");
  });

  test("names that other tools have given are read as image names where they are such", () => {
    const nameOf = (text: string) => entryName({ annotations: { [REF_NAME]: text } });
    expect(nameOf("registry.example/app:1")).toBe("registry.example/app:1");
    expect(nameOf("app")).toBe("localhost/app:latest");
    expect(nameOf("No Name")).toBe("No Name");
    expect(nameOf("")).toBeUndefined();
  });
});

const LAYER = tar([dir("etc"), file("etc/a", "1")]);

const FOREIGN = { os: "linux", architecture: PLATFORM.architecture === "s390x" ? "amd64" : "s390x", variant: "" };

/** A store that another tool has written into: an image, indexes with and without one for this machine, an artifact. */
function mixed(): { store: Store; layout: Layout } {
  const store = openStore(scratch());
  prepareStore(store.paths);
  const layout = new Layout(store.paths.images);
  const foreign = layout.image(tar([file("foreign")]), FOREIGN);
  layout.name(layout.image(LAYER), "registry.example/image:1");
  layout.name(layout.index([foreign, layout.image(tar([file("own")]))]), "registry.example/index:1");
  layout.name(layout.index([foreign]), "registry.example/foreign:1");
  layout.name(layout.artifact("chart"), "registry.example/chart:1");
  layout.name(layout.artifact("nameless"), undefined);
  return { store, layout };
}

const failure = (work: () => unknown) => {
  try {
    work();
    return "fine";
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const words: string[] = [error.code];
    for (let at: unknown = error; at instanceof Error; at = at.cause) words.push(at.message);
    return words.join(": ");
  }
};

describe("entries of three kinds that another tool has put there", () => {
  test("are listed as images where there is one for this machine; artifacts are not listed", () => {
    const { images, indexes, problems } = mixed().store.survey();
    expect(images.map(({ reference }) => reference)).toEqual(["registry.example/image:1", "registry.example/index:1"]);
    expect(indexes.map(({ reference }) => reference)).toEqual(["registry.example/foreign:1"]);
    expect(problems).toEqual([]);
  });

  test("are found by name: an index by its image for the platform, or with the kind in the error", () => {
    const { store } = mixed();
    expect(store.resolve("registry.example/image:1")?.layers).toEqual([sha256(LAYER) as never]);
    const own = store.resolve("registry.example/index:1");
    expect(own?.index).toBeDefined();
    expect(own?.config.architecture).toBe(PLATFORM.architecture);
    expect(store.resolve("registry.example/index:1", FOREIGN)?.config.architecture).toBe(FOREIGN.architecture);
    expect(store.resolve(own?.configDigest ?? "")?.reference).toBe("registry.example/index:1");
    expect(failure(() => store.resolve("registry.example/foreign:1"))).toMatch(
      /^no-platform: .*it is an index: no image/,
    );
    expect(failure(() => store.resolve("registry.example/chart:1"))).toMatch(
      /^unsupported: .*it is an artifact \(application\/vnd.example.chart\), not an image$/,
    );
    expect(["image:1", "index:1", "foreign:1", "chart:1"].map((name) => store.has(`registry.example/${name}`))).toEqual(
      [true, true, true, false],
    );
  });

  test("are sound for verify, also when an index lacks images and no layer is unpacked", async () => {
    const { store, layout } = mixed();
    expect(await store.verify()).toEqual([]);
    layout.name(layout.index([{ ...entry(), platform: PLATFORM }]), "registry.example/sparse:1");
    expect(await store.verify()).toEqual([]);
    expect(failure(() => store.resolve("registry.example/sparse:1"))).toMatch(/it is an index, and its image for this/);
  });

  test("go by name, each with what only it has, and what they share stays", async () => {
    const { store } = mixed();
    const blobs = () => readdirSync(store.paths.blobs).length;
    const before = blobs();
    await store.remove("registry.example/index:1", unused);
    // Its index, and the manifest, configuration and layer of this machine's image.
    expect(blobs()).toBe(before - 4);
    expect(await store.verify()).toEqual([]);
    const { untagged, deleted } = await store.remove("registry.example/chart:1", unused);
    expect(untagged).toEqual(["registry.example/chart:1"]);
    expect(deleted).toBeDefined();
    await store.remove("registry.example/foreign:1", unused);
    expect(store.survey()).toMatchObject({ indexes: [], problems: [] });
    expect(store.resolve("registry.example/image:1")).toBeDefined();
    expect(await store.verify()).toEqual([]);
  });

  test("are not in the way of pruning, which takes no artifact", async () => {
    const { store, layout } = mixed();
    layout.name(layout.image(tar([file("nameless")])), undefined);
    const chosen = store.unused(
      ({ reference }) => reference === "",
      () => [],
    );
    expect(chosen).toHaveLength(1);
    expect(await store.prune(chosen, () => [])).toHaveLength(1);
    expect(store.survey().images).toHaveLength(2);
    const left = JSON.parse(readFileSync(store.paths.index, "utf8")) as { manifests: object[] };
    expect(left.manifests).toHaveLength(5);
    expect(await store.verify()).toEqual([]);
  });

  test("lose nothing when berth writes the file", async () => {
    const { store, layout } = mixed();
    const unknown = { ...layout.image(tar([file("unknown")])), "x-unknown": { a: 1 } };
    layout.manifests.push({ ...unknown, annotations: { [REF_NAME]: "registry.example/unknown:1", other: "kept" } });
    layout.name({ mediaType: "text/plain", digest: "sha512:x", size: 1 }, "registry.example/damaged:1");
    await store.remove("registry.example/image:1", unused);
    const { manifests } = JSON.parse(readFileSync(store.paths.index, "utf8")) as { manifests: object[] };
    expect(manifests).toEqual(layout.manifests.slice(1));
  });

  test("that name large blobs as documents, or each other over and over, hold nothing up", async () => {
    const { store, layout } = mixed();
    const large = layout.put(Buffer.alloc(8 * 1024 * 1024 + 1), OCI_CONFIG);
    const image = layout.putJson(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config: large, layers: [] },
      OCI_MANIFEST,
    );
    layout.name(image, "registry.example/large:1");
    let index = layout.index([image]);
    for (let depth = 0; depth < 6; depth++) index = layout.index(Array.from({ length: 100 }, () => index));
    layout.name(index, "registry.example/deep:1");
    expect(store.survey().problems.map(({ where }) => where)).toContain("registry.example/large:1");
    expect((await store.verify()).map(({ where }) => where)).toContain(`image ${image.digest}`);
    await store.remove("registry.example/image:1", unused);
    expect(existsSync(join(store.paths.blobs, large.digest.slice(7)))).toBe(true);
    await store.remove("registry.example/large:1", unused);
    await store.remove("registry.example/deep:1", unused);
    expect(existsSync(join(store.paths.blobs, large.digest.slice(7)))).toBe(false);
    expect(store.survey().problems).toEqual([]);
  });

  test("that cannot be read keep their blobs", async () => {
    const { store, layout } = mixed();
    const kept = layout.image(tar([file("kept")]));
    layout.name({ ...kept, size: "unknown" }, "registry.example/unreadable:1");
    const before = readdirSync(store.paths.blobs);
    await store.remove("registry.example/chart:1", unused);
    expect(readdirSync(store.paths.blobs)).toHaveLength(before.length - 2);
    expect(existsSync(join(store.paths.blobs, kept.digest.slice(7)))).toBe(true);
  });

  test("that are damaged hide no other, are reported, and can be removed", async () => {
    const { store, layout } = mixed();
    const damaged = layout.image(tar([file("damaged")]));
    layout.name(damaged, "registry.example/damaged:1");
    writeFileSync(join(store.paths.blobs, damaged.digest.slice(7)), "{");
    layout.name({ mediaType: OCI_MANIFEST, digest: "sha512:x", size: 1 }, "registry.example/worse:1");
    const { images, problems } = store.survey();
    expect(images).toHaveLength(2);
    expect(problems.map(({ where }) => where)).toEqual(["index.json", "registry.example/damaged:1"]);
    expect(store.resolve("registry.example/image:1")).toBeDefined();
    expect(store.resolve(store.resolve("registry.example/image:1")?.configDigest ?? "")).toBeDefined();
    expect((await store.verify()).map(({ where }) => where)).toEqual([
      "index.json",
      `image ${damaged.digest}`,
      `blob ${damaged.digest}`,
    ]);
    await store.remove("registry.example/index:1", unused);
    await store.remove("registry.example/damaged:1", unused);
    expect(existsSync(join(store.paths.blobs, damaged.digest.slice(7)))).toBe(false);
    expect(store.resolve("registry.example/image:1")).toBeDefined();
    expect((await store.verify()).map(({ where }) => where)).toEqual(["index.json"]);
  });

  test.skipIf(!root)("get another image under their name, as any image does", async () => {
    const { store } = mixed();
    const folder = new Layout(join(scratch(), "layout"));
    folder.name(folder.image(tar([dir("new")])), "registry.example/index:1");
    await loadImages({ path: folder.folder }, { store });
    expect(store.resolve("registry.example/index:1")?.layers).toEqual([sha256(tar([dir("new")])) as never]);
    expect(store.survey().images.filter(({ reference }) => reference === "")).toHaveLength(1);
    expect(await store.verify()).toEqual([]);
  });
});

describe.skipIf(skopeo === null || !root)("what skopeo writes into the store's folder", () => {
  test("harms nothing: an index with all of its images, and an image alone", async () => {
    const store = openStore(scratch());
    const own = new Layout(join(scratch(), "layout"));
    own.name(own.image(tar([dir("own")])), "localhost/own:1");
    await loadImages({ path: own.folder }, { store });
    const source = new Layout(join(scratch(), "source"));
    source.name(source.index([source.image(LAYER), source.image(tar([file("foreign")]), FOREIGN)]), "all");
    const copy = (...words: string[]) =>
      execFileSync("skopeo", ["--insecure-policy", "copy", "--quiet", ...words], { stdio: "pipe" });
    copy("--all", `oci:${source.folder}:all`, `oci:${store.paths.images}:registry.example/all:1`);
    copy(`oci:${source.folder}:all`, `oci:${store.paths.images}:one`);
    expect(await store.verify()).toEqual([]);
    expect(store.list().map(({ reference }) => reference)).toEqual([
      "localhost/own:1",
      "registry.example/all:1",
      "localhost/one:latest",
    ]);
    expect(store.resolve("registry.example/all:1")?.layers).toEqual([sha256(LAYER) as never]);
    expect(store.resolve("one")).toBeDefined();
    await store.remove("registry.example/all:1", unused);
    expect(store.resolve("own:1")).toBeDefined();
    expect(await store.verify()).toEqual([]);
  });
});

test("an entry is found by its name without a look at the others, unless it cannot be read", () => {
  const entry = (name: string, digest: unknown) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest,
    size: 1,
    annotations: { [REF_NAME]: name },
  });
  const sound = `sha256:${"1".repeat(64)}`;
  const items = [
    null,
    1,
    {},
    { annotations: 1 },
    entry("a", 5),
    entry("b", sound),
    entry("b", `sha256:${"2".repeat(64)}`),
  ];
  expect(entryNamed({ items, json: {} }, "b")?.digest).toBe(sound as Digest);
  expect(entryNamed({ items, json: {} }, "a")).toBeUndefined();
  expect(entryNamed({ items, json: {} }, "c")).toBeUndefined();
});
