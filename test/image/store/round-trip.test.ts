import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Digest } from "../../../src/image/document/digest.ts";
import { parseImageConfig } from "../../../src/image/document/image-config.ts";
import { platformOf } from "../../../src/image/document/platform.ts";
import { LAYER_LIMITS } from "../../../src/image/layer/limits.ts";
import { readIndexFile } from "../../../src/image/store/index-file.ts";
import { openStore, type Store } from "../../../src/image/store/store.ts";
import { openStoreDestination } from "../../../src/image/store/store-destination.ts";
import { storeSource } from "../../../src/image/store/store-source.ts";
import { copyImage, findImage } from "../../../src/image/transport/copy.ts";
import type { ImageSource } from "../../../src/image/transport/image-source.ts";
import { loadImages } from "../../../src/image/transport/load.ts";
import { pullFrom } from "../support/pulling.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, TestRegistry } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, sha256, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
const PLATFORM = platformOf(process.arch);

let registry: TestRegistry;
beforeEach(async () => {
  registry = new TestRegistry();
  await registry.start();
});
afterEach(() => registry.stop());

const LAYER = tar([dir("etc"), file("etc/a", "1")]);
const UNKNOWN = { "org.example.unknown": { nested: [1, "two", null] } };
/** Members that berth does not use, and a form that no JSON writer of its own would give. */
const write = (value: object): Buffer => Buffer.from(`  ${JSON.stringify(value, null, 3)}\n`);

/** An image in an index, each document with members that berth does not know. */
function documents() {
  const blob = gzipSync(LAYER);
  const config = write({
    os: "linux",
    architecture: PLATFORM.architecture,
    author: "nobody",
    config: { Cmd: ["x"], Healthcheck: { Test: ["CMD", "true"] }, OnBuild: ["RUN x"], Shell: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: [sha256(LAYER)] },
    history: [{ created_by: "a", empty_layer: true }],
    ...UNKNOWN,
  });
  const manifest = write({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: sha256(config), size: config.length, ...UNKNOWN },
    layers: [{ mediaType: OCI_LAYER, digest: sha256(blob), size: blob.length, annotations: { "a.b": "c" } }],
    annotations: { "org.example": "kept" },
    ...UNKNOWN,
  });
  const other = { mediaType: OCI_MANIFEST, digest: sha256("other"), size: 5, platform: { os: "plan9" } };
  const own = {
    mediaType: OCI_MANIFEST,
    digest: sha256(manifest),
    size: manifest.length,
    platform: { ...PLATFORM, variant: undefined, "os.version": "7" },
  };
  const index = write({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [other, own], ...UNKNOWN });
  return { blob, config, manifest, index };
}

type Documents = ReturnType<typeof documents>;

/** Writes the documents as an OCI layout; returns its folder. */
function layout({ blob, config, manifest, index }: Documents): string {
  const folder = join(scratch(), "layout");
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  for (const bytes of [blob, config, manifest, index])
    writeFileSync(join(folder, "blobs/sha256", sha256(bytes).slice(7)), bytes);
  const annotations = { "org.opencontainers.image.ref.name": "localhost/app:1" };
  const manifests = [{ mediaType: OCI_INDEX, digest: sha256(index), size: index.length, annotations }];
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return folder;
}

async function bytesOf(source: ImageSource, bytes: Buffer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const blob = { digest: sha256(bytes) as Digest, size: bytes.length, mediaType: "", annotations: {} };
  for await (const chunk of source.blob(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Compares what the store gives as a source with what was brought into it. */
async function expectSame({ paths }: Store, { blob, config, manifest, index }: Documents): Promise<void> {
  const [entry] = readIndexFile(paths.index).entries;
  if (entry === undefined) throw new Error("the store is empty");
  const source = storeSource(paths, entry);
  expect(String((await source.manifest()).bytes)).toBe(String(manifest));
  expect(String((await source.manifest(sha256(index) as Digest)).bytes)).toBe(String(index));
  expect(String(await bytesOf(source, config))).toBe(String(config));
  expect((await bytesOf(source, blob)).equals(blob)).toBe(true);
  await source.close();
}

describe.skipIf(!root)("documents with members that berth does not know come back byte for byte", () => {
  test("after a pull", async () => {
    const all = documents();
    for (const bytes of [all.blob, all.config]) registry.putBlob(bytes);
    registry.manifests.set(sha256(all.manifest), { bytes: all.manifest, type: OCI_MANIFEST });
    registry.manifests.set("1", { bytes: all.index, type: OCI_INDEX });
    const state = scratch();
    await pullFrom(registry, state, "app:1");
    await expectSame(openStore(state), all);
  });

  test("after a load, and a copy to another store", async () => {
    const all = documents();
    const [first, second] = [openStore(scratch()), openStore(scratch())];
    await loadImages({ path: layout(all) }, { store: first });
    await expectSame(first, all);
    const source = storeSource(first.paths, { digest: sha256(all.index) as Digest, mediaType: OCI_INDEX });
    const { signal } = new AbortController();
    const onProgress = () => {};
    const references = ["localhost/copy:1"];
    const options = { store: second, references, limits: LAYER_LIMITS, decryptionKeys: [], onProgress, signal };
    const destination = openStoreDestination(options);
    await copyImage(await findImage(source, PLATFORM), source, destination, { name: "copy", onProgress });
    await destination.close();
    await expectSame(second, all);
    expect(await second.verify()).toEqual([]);
    expect(second.resolve("copy:1")?.configDigest as string).toBe(sha256(all.config));
  });

  test("after something else was removed, and until the image itself is", async () => {
    const all = documents();
    const store = openStore(scratch());
    await loadImages({ path: layout(all) }, { store });
    registry.putImage("2", { layers: [tar([file("b")])] });
    await pullFrom(registry, store.stateDir, "app:2");
    await store.remove(`${registry.host}/app:2`, { uses: () => [] });
    await expectSame(store, all);
    await store.remove("app:1", { uses: () => [] });
    expect(store.list()).toEqual([]);
    expect(await store.verify()).toEqual([]);
  });
});

test("a configuration's JSON is kept beside its checked view", () => {
  const { config } = documents();
  const { json, command } = parseImageConfig(config);
  expect(command).toEqual(["x"]);
  expect(json).toEqual(JSON.parse(String(config)));
});
