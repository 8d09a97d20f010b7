import { describe, expect, test } from "bun:test";
import { createReadStream, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ImageError } from "../../../src/image/error.ts";
import { openLayers } from "../../../src/image/layer/layer-store.ts";
import { openStore } from "../../../src/image/store/store.ts";
import { loadImages } from "../../../src/image/transport/load.ts";
import { readTrust } from "../../../src/image/trust/administrator.ts";
import { Layout } from "../support/layout.ts";
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from "../support/registry.ts";
import { listTree, scratchDirectories } from "../support/scratch.ts";
import { dir, file, type Member, sha256, symlink, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/load.test.ts: skipped, unpacking gives files away: run as root");

const LAYER = tar([dir("etc"), file("etc/a", "1")]);
const config = (diffIds: readonly string[]) =>
  JSON.stringify({
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["x"] },
    rootfs: { type: "layers", diff_ids: diffIds },
  });

/** The files of an OCI layout with one image under some names. */
function ociLayout(names: readonly string[], layer = gzipSync(LAYER)): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const put = (bytes: Buffer) => {
    files.set(`blobs/sha256/${sha256(bytes).slice(7)}`, bytes);
    return { digest: sha256(bytes), size: bytes.length };
  };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...put(Buffer.from(config([sha256(LAYER)]))) },
      layers: [{ mediaType: OCI_LAYER, ...put(layer) }],
    }),
  );
  const entry = { mediaType: OCI_MANIFEST, ...put(manifest) };
  const manifests = names.map((name) => ({ ...entry, annotations: { "org.opencontainers.image.ref.name": name } }));
  files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  files.set("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  return files;
}

const archive = (files: ReadonlyMap<string, Buffer>, more: readonly Member[] = []) =>
  tar([...[...files].map(([name, bytes]) => file(name, bytes)), ...more]);

function write(bytes: Buffer): string {
  const path = join(scratch(), "archive");
  writeFileSync(path, bytes);
  return path;
}

async function refused(bytes: Buffer): Promise<{ code: string; message: string }> {
  const state = scratch();
  const store = openStore(state);
  const error = await loadImages({ path: write(bytes) }, { store }).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${error}`);
  expect(store.list()).toEqual([]);
  expect(await store.verify()).toEqual([]);
  expect(listTree(store.paths.layers)).toEqual([]);
  expect(listTree(store.paths.work)).toEqual([]);
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message);
  return { code: error.code, message: messages.join(": ") };
}

describe.skipIf(!root)("loading", () => {
  test("a folder that lacks a layer is an error like others", async () => {
    const folder = scratch();
    const layout = new Layout(folder);
    layout.name(layout.image(LAYER), "app:1");
    rmSync(join(folder, "blobs/sha256", sha256(gzipSync(LAYER)).slice("sha256:".length)));
    const store = openStore(scratch());
    const error = await loadImages({ path: folder }, { store }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ImageError);
    expect(store.list()).toEqual([]);
    expect(listTree(store.paths.work)).toEqual([]);
  });

  test("a folder that the policy rejects is rejected by another name, too", async () => {
    const top = scratch();
    const folder = join(top, "folder");
    mkdirSync(folder);
    const layout = new Layout(folder);
    layout.name(layout.image(LAYER), "app:1");
    symlinkSync("folder", join(top, "link"));
    const transports = { oci: { [folder]: [{ type: "reject" }] } };
    writeFileSync(
      join(top, "policy.json"),
      JSON.stringify({ default: [{ type: "insecureAcceptAnything" }], transports }),
    );
    const trust = readTrust({ env: {}, uid: 0, systemDir: top, rootHome: join(top, "root") });
    const store = openStore(scratch());
    const error = await loadImages({ path: join(top, "link") }, { store, trust }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "untrusted" });
    expect(store.list()).toEqual([]);
  });

  test("an oci-archive with several names, compressed, from a file and from a stream", async () => {
    const bytes = archive(ociLayout(["registry.example/app:1", "app"]));
    for (const path of [write(bytes), write(gzipSync(bytes)), write(Bun.zstdCompressSync(bytes) as Buffer)]) {
      for (const source of [{ path }, { stream: createReadStream(path) }]) {
        const state = scratch();
        const images = await loadImages(source, { store: openStore(state) });
        expect(images.map(({ reference }) => reference)).toEqual(["registry.example/app:1", "localhost/app:latest"]);
        expect(openLayers(state).lower(images[0]?.layers ?? [])).toHaveLength(1);
        expect(openStore(state).resolve("app")?.reference).toBe("localhost/app:latest");
        expect(await openStore(state).verify()).toEqual([]);
      }
    }
  });

  test("a folder with an OCI layout", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
    for (const [name, bytes] of ociLayout(["app:2"])) writeFileSync(join(folder, name), bytes);
    const [image] = await loadImages({ path: folder }, { store: openStore(scratch()) });
    expect(image?.reference).toBe("localhost/app:2");
    expect(image?.config.command).toEqual(["x"]);
  });

  test("a docker-archive, with tags and without, and with layers that are links", async () => {
    const text = config([sha256(LAYER), sha256(LAYER)]);
    const bytes = tar([
      dir("one"),
      file("one/layer.tar", LAYER),
      dir("two"),
      symlink("two/layer.tar", "../one/layer.tar"),
      file("abc.json", text),
      file(
        "manifest.json",
        JSON.stringify([
          {
            Config: "abc.json",
            RepoTags: ["app:1", "registry.example/team/app:2"],
            Layers: ["one/layer.tar", "two/layer.tar"],
          },
          { Config: "abc.json", RepoTags: null, Layers: ["two/layer.tar", "one/layer.tar"] },
        ]),
      ),
    ]);
    const state = scratch();
    const images = await loadImages({ path: write(bytes) }, { store: openStore(state) });
    expect(images.map(({ reference }) => reference).slice(0, 2)).toEqual([
      "localhost/app:1",
      "registry.example/team/app:2",
    ]);
    expect(images.map(({ configDigest }) => configDigest as string)).toEqual([
      sha256(text),
      sha256(text),
      sha256(text),
    ]);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("one image of several, by its name or its place; without either it has to be the only one", async () => {
    const path = write(archive(ociLayout(["registry.example/app:1", "app"])));
    const load = async (more: Partial<Parameters<typeof loadImages>[1]>) => {
      const store = openStore(scratch());
      await loadImages({ path }, { store, ...more });
      return store.list().map(({ reference }) => reference);
    };
    expect(await load({ choose: { name: "registry.example/app:1" } })).toEqual(["registry.example/app:1"]);
    expect(await load({ choose: { name: "app" }, form: "oci-archive" })).toEqual(["localhost/app:latest"]);
    expect(await load({ choose: { index: 1 } })).toEqual(["localhost/app:latest"]);
    const refusal = async (more: Partial<Parameters<typeof loadImages>[1]>) => {
      const error = await load(more).catch((caught: unknown) => caught);
      return error instanceof ImageError ? `${error.code}: ${(error.cause as Error).message}` : error;
    };
    expect(await refusal({ choose: "only" })).toContain("bad-archive: it holds 2 images");
    expect(await refusal({ choose: { name: "other" } })).toContain("not-found: it holds no other");
    expect(await refusal({ choose: { index: 2 } })).toContain("not-found");
    expect(await refusal({ form: "docker-archive" })).toBe("bad-archive: it is not what docker-archive: is for");
  });

  test("a folder as skopeo writes it for dir:", async () => {
    const layout = ociLayout(["app"]);
    const index = JSON.parse(String(layout.get("index.json")));
    const path = scratch();
    const manifest = layout.get(`blobs/sha256/${index.manifests[0].digest.slice(7)}`) ?? "";
    writeFileSync(join(path, "manifest.json"), manifest);
    writeFileSync(join(path, "version"), "Directory Transport Version: 1.1\n");
    for (const [name, bytes] of layout) {
      if (name.startsWith("blobs/")) writeFileSync(join(path, name.replace("blobs/sha256/", "")), bytes);
    }
    const state = scratch();
    const [image] = await loadImages({ path }, { store: openStore(state), form: "dir" });
    expect(image?.config.command).toEqual(["x"]);
    expect(image?.reference).toBe("");
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("what is damaged or lies is refused, and nothing is kept", async () => {
    const files = ociLayout(["app"]);
    const layerName = [...files].find(([, bytes]) => bytes[0] === 0x1f)?.[0] ?? "";
    const altered = new Map(files).set(layerName, gzipSync(Buffer.from(LAYER).fill(1, 600, 610)));
    const missing = new Map(files);
    missing.delete(layerName);
    expect(["digest-mismatch", "size-mismatch", "corrupt-layer"]).toContain((await refused(archive(altered))).code);
    expect((await refused(archive(missing))).code).toBe("bad-archive");
    expect((await refused(archive(new Map([["x", Buffer.from("y")]])))).message).toContain("neither an OCI layout");
    expect((await refused(archive(files).subarray(0, 3000))).code).not.toBe("store-io");
    expect((await refused(archive(files, [file("../x")]))).code).toBe("hostile-layer");
    expect((await refused(archive(files, [{ name: "x", type: "3", major: 1, minor: 3 }]))).code).toBe("bad-archive");
    const linked = new Map(files);
    linked.delete("index.json");
    expect((await refused(archive(linked, [symlink("index.json", "/etc/passwd")]))).code).toBe("bad-archive");
  });

  test("a docker-archive whose layer is not the one in its configuration", async () => {
    const manifest = JSON.stringify([{ Config: "c", RepoTags: ["app:1"], Layers: ["l"] }]);
    const bytes = tar([file("c", config([sha256("other")])), file("l", LAYER), file("manifest.json", manifest)]);
    expect((await refused(bytes)).code).toBe("digest-mismatch");
    const leaving = JSON.stringify([{ Config: "../../etc/passwd", RepoTags: ["app:1"], Layers: ["l"] }]);
    expect((await refused(tar([file("l", LAYER), file("manifest.json", leaving)]))).code).toBe("bad-archive");
  });
});
