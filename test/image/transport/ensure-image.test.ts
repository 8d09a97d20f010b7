import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failedWith } from "../../../src/error.ts";
import type { Descriptor } from "../../../src/image/document/manifest.ts";
import { platformOf } from "../../../src/image/document/platform.ts";
import { openStore, type Store } from "../../../src/image/store/store.ts";
import { prepareStore } from "../../../src/image/store/store-write.ts";
import { ensureImage } from "../../../src/image/transport/ensure-image.ts";
import type { PullPolicy } from "../../../src/options/values/pull.ts";
import { Layout } from "../support/layout.ts";
import { NO_CREDENTIALS, QUICK } from "../support/pulling.ts";
import { TestRegistry } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, hardlink, sha256, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
const LAYER = tar([dir("etc"), file("etc/a", "1")]);
const OTHER = {
  os: "linux",
  architecture: platformOf(process.arch).architecture === "s390x" ? "amd64" : "s390x",
  variant: "",
};

let registry: TestRegistry;
beforeEach(async () => {
  registry = new TestRegistry();
  await registry.start();
});
afterEach(() => registry.stop());

/** A store that another tool has written into, with blobs alone. */
function foreignStore(): { store: Store; layout: Layout } {
  const store = openStore(scratch());
  prepareStore(store.paths);
  return { store, layout: new Layout(store.paths.images) };
}

/** The store's entries, without the mark that berth has compared their blobs and layers. */
function entriesOf(store: Store): object[] {
  const { manifests } = JSON.parse(readFileSync(store.paths.index, "utf8")) as { manifests: Descriptor[] };
  return manifests.map(({ annotations: { "berth.unpacked": _, ...annotations }, ...entry }) => ({
    ...entry,
    annotations,
  }));
}

let asked = 0;
function ensure(store: Store, name: string, policy: PullPolicy, more: { platform?: typeof OTHER; cwd?: string } = {}) {
  asked = 0;
  const pulling = async () => {
    asked += 1;
    return { registries: NO_CREDENTIALS, retries: QUICK };
  };
  return ensureImage(name, { store, policy, cwd: "/", pulling, ...more });
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => "fine",
    (error: unknown) => (error as { code: string }).code,
  );

describe.skipIf(!root)("an image whose blobs another tool has put into the store", () => {
  test("is unpacked when it is needed, once, and its entry otherwise stays as it was", async () => {
    const { store, layout } = foreignStore();
    layout.name(layout.image(LAYER), "localhost/app:1");
    const index = entriesOf(store);
    const image = await ensure(store, "app:1", "missing");
    const [lower = ""] = store.layers.lower(image.layers);
    expect(readFileSync(join(lower, "etc/a"), "utf8")).toBe("1");
    expect(entriesOf(store)).toEqual(index);
    expect(asked).toBe(1);
    await ensure(store, "app:1", "never");
    expect(asked).toBe(0);
    expect(await store.verify()).toEqual([]);
  });

  test("is unpacked with the options of the pull that found no other", async () => {
    const { store, layout } = foreignStore();
    layout.name(layout.image(LAYER), `${registry.host}/app:1`);
    const kept = await ensure(store, `${registry.host}/app:1`, "newer");
    expect(store.layers.missing(kept.layers)).toEqual([]);
    expect(asked).toBe(1);
  });

  test("is taken from an index, which stays in the store with all of its images", async () => {
    const { store, layout } = foreignStore();
    layout.name(layout.index([layout.image(LAYER), layout.image(tar([file("x")]), OTHER)]), "localhost/app:1");
    const index = entriesOf(store);
    const image = await ensure(store, "app:1", "missing");
    expect(store.layers.missing(image.layers)).toEqual([]);
    const other = await ensure(store, "app:1", "never", { platform: OTHER });
    expect(other.config.architecture).toBe(OTHER.architecture);
    expect(store.layers.missing(other.layers)).toEqual([]);
    expect(entriesOf(store)).toEqual(index);
    for (const platform of [platformOf(process.arch), OTHER]) {
      await ensure(store, "app:1", "never", { platform });
      expect(asked).toBe(0);
    }
  });

  test("is refused, and nothing is unpacked, when its blobs are not what its configuration says", async () => {
    const { store, layout } = foreignStore();
    layout.name(layout.image(LAYER, platformOf(process.arch), [sha256("something else")]), "localhost/app:1");
    expect(await code(ensure(store, "app:1", "missing"))).toBe("digest-mismatch");
    layout.name(layout.image(tar([hardlink("x", "/etc/passwd")])), "localhost/app:2");
    expect(await code(ensure(store, "app:2", "missing"))).toBe("hostile-layer");
    const damaged = layout.image(tar([file("damaged")]));
    layout.name(damaged, "localhost/app:3");
    const { layers } = JSON.parse(readFileSync(join(store.paths.blobs, damaged.digest.slice(7)), "utf8"));
    writeFileSync(join(store.paths.blobs, layers[0].digest.slice(7)), "x");
    expect(await code(ensure(store, "app:3", "missing"))).toBe("store-corrupt");
    expect(store.list().every(({ layers }) => store.layers.missing(layers).length > 0)).toBe(true);
  });

  test("proves nothing to a pull that says the same of its blobs", async () => {
    const { store, layout } = foreignStore();
    const secret = tar([file("secret", "s")]);
    registry.putImage("secret", { layers: [secret] });
    await ensure(store, `${registry.host}/app:secret`, "missing");
    const lie = { rootfs: { type: "layers", diff_ids: [sha256(secret)] } };
    layout.manifests.push(...JSON.parse(readFileSync(store.paths.index, "utf8")).manifests);
    layout.name(layout.image(LAYER, platformOf(process.arch), lie.rootfs.diff_ids), "localhost/lie:1");
    expect(await code(ensure(store, "localhost/lie:1", "missing"))).toBe("digest-mismatch");
    expect(await code(ensure(store, "localhost/lie:1", "never"))).toBe("digest-mismatch");
    registry.putImage("lie", { layers: [LAYER], config: lie });
    expect(await code(ensure(store, `${registry.host}/app:lie`, "missing"))).toBe("digest-mismatch");
    expect(await store.verify()).toEqual([]);
  });
});

describe.skipIf(!root)("a pull policy", () => {
  test("missing pulls for an index without an image for this machine, never says what there is", async () => {
    const { store, layout } = foreignStore();
    registry.putImage("1", { layers: [LAYER] });
    const name = `${registry.host}/app:1`;
    layout.name(layout.index([layout.image(tar([file("x")]), OTHER)]), name);
    const refused = await ensure(store, name, "never").catch((error: unknown) => error);
    expect(failedWith(refused, "no-platform")).toBe(true);
    expect(asked).toBe(0);
    const image = await ensure(store, name, "missing");
    expect(image.layers).toEqual([sha256(LAYER) as never]);
    expect(store.resolve(name)?.configDigest).toBe(image.configDigest);
  });

  test("does not matter for an archive, whose path counts from the folder", async () => {
    const store = openStore(scratch());
    const folder = scratch();
    const layout = new Layout(join(folder, "layout"));
    layout.name(layout.image(LAYER), "app:1");
    const image = await ensure(store, "oci:layout:app:1", "never", { cwd: folder });
    expect(image.reference).toBe("localhost/app:1");
    expect(await code(ensure(store, "oci:other", "missing", { cwd: folder }))).toBe("bad-archive");
  });

  test("of whatever kind does not make an artifact an image", async () => {
    const { store, layout } = foreignStore();
    layout.name(layout.artifact("chart"), "localhost/chart:1");
    for (const policy of ["missing", "newer", "never"] as const)
      expect(await code(ensure(store, "localhost/chart:1", policy))).toBe("unsupported");
    expect(asked).toBe(0);
  });
});
