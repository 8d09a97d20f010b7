import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestHex } from "../../../src/image/document/digest.ts";
import { ImageError, type ImageErrorCode } from "../../../src/image/error.ts";
import { openLayers } from "../../../src/image/layer/layer-store.ts";
import { openStore } from "../../../src/image/store/store.ts";
import { pullAllTags } from "../../../src/image/transport/pull-all-tags.ts";
import { ensure, NO_CREDENTIALS, type PolicyOptions, pullFrom, QUICK, refusedFrom } from "../support/pulling.ts";
import { OCI_INDEX, OCI_MANIFEST, sendBlob, TestRegistry } from "../support/registry.ts";
import { listTree, scratchDirectories } from "../support/scratch.ts";
import { dir, file, hardlink, sha256, symlink, tar } from "../support/tar.ts";
import { describeTree } from "../support/unpacked.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/pull.test.ts: skipped, unpacking gives files away: run as root");

let registry: TestRegistry;
beforeEach(async () => {
  registry = new TestRegistry();
  await registry.start();
});
afterEach(() => registry.stop());

const pull = (state: string, name: string, more: Partial<PolicyOptions> = {}) => pullFrom(registry, state, name, more);
const refused = (state: string, name: string, more: Partial<PolicyOptions> = {}) =>
  refusedFrom(registry, state, name, more);

/** Random enough that gzip cannot shrink it to a single packet. */
const noise = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * at * 31 + (at >> 3) * 17) & 0xff));
const BASE = tar([dir("etc"), file("etc/a", "1"), file("big", noise(300_000))]);
const TOP = tar([dir("etc"), file("etc/.wh.a"), file("etc/b", "2")]);

describe.skipIf(!root)("a pull", () => {
  test("by tag, with gzip, zstd and plain layers, gives the image and its layers", async () => {
    for (const compress of [gzipSync, (bytes: Buffer) => Bun.zstdCompressSync(bytes), (bytes: Buffer) => bytes]) {
      const state = scratch();
      const pushed = registry.putImage("1", {
        layers: [BASE, TOP],
        compress,
        config: {
          config: { Env: ["A=b"], Cmd: ["/bin/sh"], User: "1:2", ExposedPorts: { "80/tcp": {} }, Labels: null },
        },
      });
      const image = await pull(state, "app:1");
      expect(image.reference).toBe(`${registry.host}/app:1`);
      expect(image.manifestDigest as string).toBe(pushed.manifestDigest);
      expect(image.configDigest as string).toBe(pushed.configDigest);
      expect(image.config).toMatchObject({
        env: ["A=b"],
        command: ["/bin/sh"],
        user: "1:2",
        exposedPorts: ["80/tcp"],
        labels: {},
      });
      const [lower, upper] = openLayers(state).lower(image.layers);
      expect([...describeTree(lower ?? "").keys()]).toEqual([".", "big", "etc", "etc/a"]);
      expect(describeTree(upper ?? "").get("etc/a")).toMatchObject({ type: "character", rdev: 0 });
      expect(await openStore(state).verify()).toEqual([]);
      expect(listTree(join(state, "tmp"))).toEqual([]);
    }
  });

  test("by digest, and found again by name, digest and ID", async () => {
    const state = scratch();
    const { manifestDigest, configDigest } = registry.putImage("1", { layers: [BASE] });
    await pull(state, `app@${manifestDigest}`);
    await pull(state, "app:1");
    const store = openStore(state);
    for (const name of [
      `${registry.host}/app:1`,
      `${registry.host}/app@${manifestDigest}`,
      configDigest,
      configDigest.slice(7, 19),
    ]) {
      expect(store.resolve(name)?.configDigest as string).toBe(configDigest);
    }
    expect(store.resolve(`${registry.host}/app:2`)).toBeUndefined();
    expect(store.resolve(`${registry.host}/other@${manifestDigest}`)).toBeUndefined();
    expect(store.resolve("0123456789ab")).toBeUndefined();
  });

  test("of an index takes the image for the platform, and is found by the index's digest", async () => {
    const state = scratch();
    const amd = registry.putImage("amd", { layers: [BASE] });
    const arm = registry.putImage("arm", { layers: [TOP], config: { architecture: "arm64" } });
    const entry = (digest: string, platform: object) => ({
      mediaType: OCI_MANIFEST,
      digest,
      size: registry.manifests.get(digest)?.bytes.length,
      platform,
    });
    const manifests = [
      entry(arm.manifestDigest, { os: "linux", architecture: "arm64", variant: "v8" }),
      entry(amd.manifestDigest, { os: "linux", architecture: "amd64" }),
    ];
    const index = registry.putManifest("1", { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX);
    const image = await pull(state, "app:1", { platform: { os: "linux", architecture: "arm64", variant: "v8" } });
    expect(image.configDigest as string).toBe(arm.configDigest);
    expect(openStore(state).resolve(`${registry.host}/app@${index}`)?.configDigest as string).toBe(arm.configDigest);
    const other = { os: "linux", architecture: "s390x", variant: "" };
    const { code, message } = await refused(state, "app:1", { platform: other });
    expect(code).toBe("no-platform");
    expect(message).toContain("no image for linux/s390x (there is: linux/arm64/v8, linux/amd64)");
  });

  test("fetches nothing twice", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [BASE] });
    registry.putImage("2", { layers: [BASE, TOP] });
    await pull(state, "app:1");
    registry.requests.length = 0;
    await pull(state, "app:2");
    const fetched = registry.requests
      .filter(({ path }) => path.includes("/blobs/"))
      .map(({ path }) => path.split("/").at(-1));
    expect(fetched).not.toContain(sha256(gzipSync(BASE)));
    expect(fetched).toHaveLength(2);
  });

  test("unpacks again what only its blob is left of", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [BASE] });
    const image = await pull(state, "app:1");
    execFileSync("rm", ["-r", join(state, "layers", digestHex(image.layers[0] ?? image.configDigest))]);
    expect((await openStore(state).verify()).length).toBe(1);
    registry.requests.length = 0;
    await pull(state, "app:1");
    expect(await openStore(state).verify()).toEqual([]);
    expect(registry.requests.some(({ path }) => path.endsWith(sha256(gzipSync(BASE))))).toBe(false);
  });

  test("fetches again what the disk has spoiled", async () => {
    const state = scratch();
    const { layerDigests } = registry.putImage("1", { layers: [BASE] });
    const image = await pull(state, "app:1");
    const blob = join(state, "images/blobs/sha256", (layerDigests[0] ?? "").slice(7));
    for (const spoilt of [readFileSync(blob).fill(0, 20, 40), Buffer.alloc(0), readFileSync(blob).subarray(0, -1)]) {
      writeFileSync(blob, spoilt);
      execFileSync("rm", ["-r", join(state, "layers", digestHex(image.layers[0] ?? image.configDigest))]);
      await pull(state, "app:1");
      expect(await openStore(state).verify()).toEqual([]);
      expect(listTree(join(state, "tmp"))).toEqual([]);
    }
  });

  test("an equal layer twice in one image, and a layer that depends on those below", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [BASE, TOP, TOP, tar([hardlink("copy", "big")])] });
    const image = await pull(state, "app:1");
    const trees = openLayers(state).lower(image.layers);
    expect(trees).toHaveLength(3);
    expect(trees[2]).toContain("chain-");
    expect(describeTree(trees[2] ?? "").get("copy")?.size).toBe(300_000);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("layers that come again are mounted where they are highest", async () => {
    const state = scratch();
    const one = tar([dir("d"), file("d/f", "one"), file("d/g"), file("d/.wh.h")]);
    const two = tar([dir("d"), file("d/f", "two"), file("d/.wh.g"), file("d/h"), file("d/i")]);
    const empty = tar([]);
    registry.putImage("1", { layers: [empty, one, empty, two, one, empty] });
    const image = await pull(state, "app:1");
    expect(image.layers).toHaveLength(6);
    const lower = openLayers(state).lower(image.layers).toReversed();
    expect(lower).toHaveLength(3);
    const point = scratch();
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", `ro,lowerdir=${lower.join(":")}`, point]);
    try {
      expect([...describeTree(point).keys()]).toEqual([".", "d", "d/f", "d/g", "d/i"]);
      expect(readFileSync(join(point, "d/f"), "utf8")).toBe("one");
    } finally {
      execFileSync("umount", [point]);
    }
  });

  test("a layer that leaves out its parents is not what another image below it makes of them", async () => {
    const state = scratch();
    const bare = tar([file("root/key"), file("bin/tool")]);
    registry.putImage("alone", { layers: [bare] });
    await pull(state, "app:alone");
    registry.putImage("1", {
      layers: [tar([dir("root", { mode: 0o700 }), dir("usr"), dir("usr/bin"), symlink("bin", "usr/bin")]), bare],
    });
    const [, upper = ""] = openLayers(state).lower((await pull(state, "app:1")).layers);
    const tree = describeTree(upper);
    expect([...tree.keys()]).toEqual([".", "root", "root/key", "usr", "usr/bin", "usr/bin/tool"]);
    expect(tree.get("root")?.mode).toBe(0o700);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("layers that wait for one another, more of them than are pulled at a time", async () => {
    const state = scratch();
    const links = [1, 2, 3, 4].map((at) => tar([hardlink(`copy${at}`, "big")]));
    registry.putImage("1", { layers: [BASE, TOP, TOP, ...links, TOP, ...links] });
    const image = await pull(state, "app:1");
    // The first two of TOP are below the third.
    expect(openLayers(state).lower(image.layers)).toHaveLength(10);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("policies: missing and never do not ask, newer keeps what it has when nobody answers", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [TOP] });
    expect((await refused(state, "app:1", { policy: "never" })).code).toBe("not-found");
    await pull(state, "app:1", { policy: "missing" });
    registry.requests.length = 0;
    await pull(state, "app:1", { policy: "missing" });
    await pull(state, "app:1", { policy: "never" });
    expect(registry.requests).toEqual([]);
    registry.intercept = (request) => {
      request.socket.destroy();
      return true;
    };
    expect((await pull(state, "app:1", { policy: "newer" })).reference).toBe(`${registry.host}/app:1`);
  });

  test("newer compares digests: nothing is fetched for the same, a moved tag is pulled, a failure keeps the image", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [TOP] });
    const first = await pull(state, "app:1");
    const kept: string[] = [];
    const newer = (more: Partial<PolicyOptions> = {}) =>
      pull(state, "app:1", {
        policy: "newer",
        onProgress: (event) => event.kind === "kept" && kept.push(event.reason),
        ...more,
      });
    registry.requests.length = 0;
    expect((await newer()).manifestDigest).toBe(first.manifestDigest);
    expect(registry.requests.map(({ path }) => path).filter((path) => path.includes("blobs"))).toEqual([]);
    expect(kept).toEqual(["the registry has no other"]);
    const moved = registry.putImage("1", { layers: [BASE] });
    expect((await newer()).manifestDigest as string).toBe(moved.manifestDigest);
    registry.putImage("1", { layers: [BASE], manifest: (manifest) => ({ ...manifest, layers: [] }) });
    expect((await newer()).manifestDigest as string).toBe(moved.manifestDigest);
    registry.manifests.clear();
    expect((await newer()).manifestDigest as string).toBe(moved.manifestDigest);
    expect(kept.at(-1)).toContain("HTTP 404");
    const stop = new AbortController();
    stop.abort();
    await expect(newer({ signal: stop.signal })).rejects.toThrow();
  });

  test("an image for another platform does not count as the one in the store", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [TOP] });
    await pull(state, "app:1");
    const platform = { os: "linux", architecture: "arm64", variant: "" };
    expect((await refused(state, "app:1", { policy: "never", platform })).code).toBe("not-found");
    registry.putImage("1", { layers: [TOP], config: { architecture: "arm64" } });
    expect((await pull(state, "app:1", { policy: "missing", platform })).config.architecture).toBe("arm64");
  });

  test("by ID, from the store only", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [TOP] });
    const { configDigest } = await pull(state, "app:1");
    const options = { store: openStore(state), registries: NO_CREDENTIALS };
    expect((await ensure(configDigest, { ...options, policy: "newer" })).configDigest).toBe(configDigest);
    await expect(ensure(configDigest, options)).rejects.toThrow("says nothing of where");
    await expect(ensure(`sha256:${"0".repeat(64)}`, { ...options, policy: "missing" })).rejects.toThrow(
      "no such image",
    );
  });

  test("every tag, over the pages of the registry's list", async () => {
    const state = scratch();
    for (const [at, tag] of ["1", "2", "latest"].entries()) {
      registry.putImage(tag, { layers: [tar([file(`f${at}`, "x")])] });
    }
    registry.intercept = (request, response) => {
      const last = /\/tags\/list(?:\?last=(.*))?$/.exec(request.url ?? "");
      if (last === null) return false;
      const next = last[1] === undefined ? { link: '</v2/app/tags/list?last=2>; rel="next"' } : {};
      response.writeHead(200, { "content-type": "application/json", ...next });
      response.end(JSON.stringify({ name: "app", tags: last[1] === undefined ? ["1", "2"] : ["latest"] }));
      return true;
    };
    const store = openStore(state);
    const images = await pullAllTags(`${registry.host}/app`, {
      store,
      policy: "always",
      cwd: "/",
      pulling: async () => ({ registries: NO_CREDENTIALS, retries: QUICK }),
    });
    expect(images.map(({ reference }) => reference.replace(/.*:/, ""))).toEqual(["1", "2", "latest"]);
    expect(store.list()).toHaveLength(3);
  });

  test("a tag that moves leaves the old image without a name, and rmi takes it with its layers", async () => {
    const state = scratch();
    const old = registry.putImage("1", { layers: [BASE] });
    await pull(state, "app:1");
    registry.putImage("1", { layers: [TOP] });
    await pull(state, "app:1");
    const store = openStore(state);
    expect(store.list().map(({ reference }) => reference)).toEqual([`${registry.host}/app:1`, ""]);
    await store.remove(old.configDigest, { uses: () => [] });
    await store.remove(`${registry.host}/app:1`, { uses: () => [] });
    expect(listTree(join(state, "layers"))).toEqual([]);
    expect(listTree(join(state, "images/blobs/sha256"))).toEqual([]);
    expect(await store.verify()).toEqual([]);
  });

  test("two pulls of one image at once", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [BASE, TOP] });
    const [first, second] = await Promise.all([pull(state, "app:1"), pull(state, "app:1")]);
    expect(first.configDigest).toBe(second.configDigest);
    expect(await openStore(state).verify()).toEqual([]);
    expect(openStore(state).list()).toHaveLength(1);
  });
});

describe.skipIf(!root)("a registry that misbehaves is refused, and nothing is kept", () => {
  const altered = (change: (blob: Buffer) => Buffer) => (image: { layerDigests: readonly string[] }) => {
    const digest = image.layerDigests[0] ?? "";
    registry.blobs.set(digest, change(registry.blobs.get(digest) ?? Buffer.alloc(0)));
  };

  test("a blob with another digest", async () => {
    altered((blob) => Buffer.concat([blob.subarray(0, -1), Buffer.from([(blob.at(-1) ?? 0) ^ 1])]))(
      registry.putImage("1", { layers: [BASE] }),
    );
    const { code, message } = await refused(scratch(), "app:1");
    expect(["digest-mismatch", "corrupt-layer"]).toContain(code);
    expect(message).toContain("layer sha256:");
  });

  test("a whole, honest layer in the place of another", async () => {
    const image = registry.putImage("1", { layers: [BASE], compress: (bytes) => bytes });
    const other = Buffer.from(BASE);
    other.write("Z", 1024);
    registry.blobs.set(image.layerDigests[0] ?? "", other);
    expect((await refused(scratch(), "app:1")).code).toBe("digest-mismatch");
  });

  test("a blob that is longer or shorter than promised", async () => {
    for (const change of [
      (blob: Buffer) => Buffer.concat([blob, Buffer.from("x")]),
      (blob: Buffer) => blob.subarray(0, -1),
    ]) {
      altered(change)(registry.putImage("1", { layers: [BASE] }));
      const { code, message } = await refused(scratch(), "app:1");
      expect(code).toBe("size-mismatch");
      expect(message).toMatch(/expected \d+ bytes, got \d+/);
    }
  });

  test("a blob that is longer than any layer may be, before a byte of it is asked for", async () => {
    const { layerDigests } = registry.putImage("1", {
      layers: [BASE],
      manifest: (it) => ({ ...it, layers: [{ ...(it.layers as object[])[0], size: 2 ** 50 }] }),
    });
    expect((await refused(scratch(), "app:1")).code).toBe("too-large");
    expect(registry.requests.some(({ path }) => path.endsWith(layerDigests[0] ?? ""))).toBe(false);
  });

  test("a longer blob without a Content-Length", async () => {
    const { layerDigests } = registry.putImage("1", { layers: [BASE] });
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(layerDigests[0] ?? "")) return false;
      response.writeHead(200);
      response.write(registry.blobs.get(layerDigests[0] ?? ""));
      response.end("more");
      return true;
    };
    expect((await refused(scratch(), "app:1")).code).toBe("size-mismatch");
  });

  test("a layer that is truncated or corrupt under its own right digest", async () => {
    registry.putImage("1", { layers: [BASE], compress: (bytes) => gzipSync(bytes).subarray(0, -20) });
    expect((await refused(scratch(), "app:1")).code).toBe("corrupt-layer");
    registry.putImage("1", { layers: [BASE], compress: (bytes) => gzipSync(bytes).fill(7, 100, 120) });
    expect((await refused(scratch(), "app:1")).code).toBe("corrupt-layer");
  });

  test("a layer that is not the one in the configuration", async () => {
    registry.putImage("1", { layers: [BASE], compress: () => gzipSync(TOP) });
    const { code, message } = await refused(scratch(), "app:1");
    expect(code).toBe("digest-mismatch");
    expect(message).toContain("uncompressed");
  });

  test("layers that try to get out", async () => {
    const state = scratch();
    for (const members of [
      [file("../../../../escaped")],
      [hardlink("x", "../../../../images/index.json")],
      [symlink("up", "../../../../images"), hardlink("x", "up/index.json")],
    ]) {
      registry.putImage("1", { layers: [BASE, tar(members)] });
      const { code, message } = await refused2(state);
      expect(code).toBe("hostile-layer");
      expect(message).toMatch(/layer sha256:[0-9a-f]{64}: .*entry "/);
    }
  });

  /** As refused, but layers that were complete before the hostile one may stay. */
  async function refused2(state: string) {
    let error: unknown;
    try {
      await pull(state, "app:1");
    } catch (caught) {
      error = caught;
    }
    if (!(error instanceof ImageError)) throw new Error(`expected an ImageError, got ${error}`);
    expect(openStore(state).list()).toEqual([]);
    expect(await openStore(state).verify()).toEqual([]);
    expect(listTree(state).some((path) => path.includes("escaped"))).toBe(false);
    expect(listTree(join(state, "tmp"))).toEqual([]);
    const messages: string[] = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(at.message);
    return { code: error.code, message: messages.join(": ") };
  }

  const manifests: readonly [
    what: string,
    code: ImageErrorCode,
    manifest: (it: Record<string, unknown>) => unknown,
    type?: string,
  ][] = [
    ["served as another type than it says", "bad-manifest", (it) => it, OCI_INDEX],
    ["an image and an index at once", "bad-manifest", (it) => ({ ...it, manifests: [] })],
    [
      "schema 1",
      "unsupported",
      () => ({ schemaVersion: 1, fsLayers: [] }),
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ],
    [
      "an artifact",
      "unsupported",
      (it) => ({ ...it, config: { ...(it.config as object), mediaType: "application/vnd.example+json" } }),
    ],
    ["fewer layers than the configuration", "bad-manifest", (it) => ({ ...it, layers: [] })],
    [
      "a digest that is none",
      "bad-digest",
      (it) => ({ ...it, layers: [{ ...(it.layers as object[])[0], digest: "sha256:../../x" }] }),
    ],
    ["a size that is none", "bad-manifest", (it) => ({ ...it, layers: [{ ...(it.layers as object[])[0], size: -1 }] })],
    ["a list", "bad-manifest", () => []],
    ["no JSON at all", "unsupported", () => "x".repeat(10), "text/html"],
  ];
  for (const [what, code, change, type] of manifests) {
    test(`a manifest: ${what}`, async () => {
      let kept: Record<string, unknown> = {};
      registry.putImage("1", { layers: [TOP], manifest: (it) => (kept = it) });
      registry.putManifest("1", change(kept), type);
      const failed = await refused(scratch(), "app:1");
      expect(["bad-manifest", code]).toContain(failed.code);
      if (what !== "no JSON at all") expect(failed.code).toBe(code);
    });
  }

  test("a manifest with another digest than was asked for", async () => {
    const { manifestDigest } = registry.putImage("1", { layers: [TOP] });
    const other = registry.manifests.get(registry.putImage("2", { layers: [BASE] }).manifestDigest);
    if (other !== undefined) registry.manifests.set(manifestDigest, other);
    expect((await refused(scratch(), `app@${manifestDigest}`)).code).toBe("digest-mismatch");
  });

  test("a manifest without end", async () => {
    registry.intercept = (request, response) => {
      if (!request.url?.includes("/manifests/")) return false;
      response.writeHead(200, { "content-type": OCI_MANIFEST });
      const more = () => response.write(Buffer.alloc(256 * 1024, 0x20), () => !response.destroyed && more());
      more();
      return true;
    };
    expect((await refused(scratch(), "app:1")).code).toBe("too-large");
  });

  test("a configuration for another system, or broken", async () => {
    registry.putImage("1", { layers: [TOP], config: { os: "windows" } });
    expect((await refused(scratch(), "app:1")).code).toBe("no-platform");
    registry.putImage("1", { layers: [TOP], config: { config: { Env: "no list" } } });
    expect((await refused(scratch(), "app:1")).code).toBe("bad-config");
  });

  test("no such image, no such registry", async () => {
    const { code, message } = await refused(scratch(), "app:nope");
    expect(code).toBe("not-found");
    expect(message).toContain("manifest unknown");
    const store = openStore(scratch());
    const gone = ensure("127.0.0.1:1/app:1", { store, registries: NO_CREDENTIALS, retries: QUICK });
    expect(await gone.catch((error: unknown) => (error as ImageError).code)).toBe("network");
  });

  test("silence", async () => {
    registry.putImage("1", { layers: [BASE] });
    registry.intercept = (request, response) => {
      if (!request.url?.includes("/blobs/")) return false;
      const blob = registry.blobs.get(request.url.split("/").at(-1) ?? "") ?? Buffer.alloc(0);
      if (blob.length < 1000) return false;
      response.writeHead(200, { "content-length": blob.length });
      if (request.headers.range === undefined) response.write(blob.subarray(0, 500));
      return true;
    };
    const { code, message } = await refused(scratch(), "app:1", { stallTimeoutMs: 400 });
    expect(code).toBe("stalled");
    expect(message).toContain("silent");
  }, 30_000);

  test("a full disk", async () => {
    const state = scratch();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", state]);
    try {
      registry.putImage("1", { layers: [BASE] });
      const { code, message } = await refused(state, "app:1");
      expect(code).toBe("no-space");
      expect(message).toContain("ENOSPC");
    } finally {
      execFileSync("umount", [state]);
    }
  });

  test("a cancelled pull", async () => {
    const stop = new AbortController();
    registry.putImage("1", { layers: [BASE] });
    const { code } = await refused(scratch(), "app:1", {
      signal: stop.signal,
      onProgress: (event) => event.kind === "manifest" && stop.abort(),
    });
    expect(code).toBe("cancelled");
  });
});

describe.skipIf(!root)("a registry that wants patience", () => {
  test("429 with Retry-After, and 503, then the answer", async () => {
    registry.putImage("1", { layers: [TOP] });
    const answers = [429, 503, 500];
    registry.intercept = (request, response) => {
      const status = request.url === "/v2/" ? undefined : answers.shift();
      if (status === undefined) return false;
      response.writeHead(status, status === 429 ? { "retry-after": "0" } : {}).end();
      return true;
    };
    const waits: number[] = [];
    await pull(scratch(), "app:1", {
      retries: { ...QUICK, attempts: 5 },
      onProgress: (event) => event.kind === "retry" && waits.push(event.delayMs),
    });
    expect(waits).toHaveLength(3);
  });

  test("only so much of it", async () => {
    registry.intercept = (request, response) => {
      if (request.url === "/v2/") return false;
      response.writeHead(503).end();
      return true;
    };
    expect((await refused(scratch(), "app:1")).code).toBe("registry");
    expect(registry.requests.filter(({ path }) => path.includes("manifests"))).toHaveLength(3);
  });

  for (const ranges of [true, false]) {
    test(`connections that break in the middle of a blob, ${ranges ? "with" : "without"} ranges`, async () => {
      const state = scratch();
      const { layerDigests } = registry.putImage("1", { layers: [BASE], compress: (bytes) => bytes });
      let breaks = 0;
      registry.intercept = (request, response) => {
        if (!request.url?.endsWith(layerDigests[0] ?? "")) return false;
        const blob = registry.blobs.get(layerDigests[0] ?? "") ?? Buffer.alloc(0);
        const from = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
        if (breaks >= 4) {
          if (!ranges) request.headers.range = undefined;
          sendBlob(request, response, blob);
          return true;
        }
        breaks += 1;
        const headers: Record<string, string> = { "content-length": String(blob.length - from) };
        if (from > 0) headers["content-range"] = `bytes ${from}-${blob.length - 1}/${blob.length}`;
        response.writeHead(from > 0 ? 206 : 200, headers);
        response.write(blob.subarray(from, from + 50_000 * breaks), () =>
          setTimeout(() => response.socket?.destroy(), 30),
        );
        return true;
      };
      await pull(state, "app:1");
      expect(breaks).toBe(4);
      expect(await openStore(state).verify()).toEqual([]);
    });
  }

  test("a range that was not asked for is refused", async () => {
    const { layerDigests } = registry.putImage("1", { layers: [BASE], compress: (bytes) => bytes });
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(layerDigests[0] ?? "")) return false;
      const blob = registry.blobs.get(layerDigests[0] ?? "") ?? Buffer.alloc(0);
      if (request.headers.range === undefined) {
        response.writeHead(200, { "content-length": blob.length });
        response.write(blob.subarray(0, 1000), () => setTimeout(() => response.socket?.destroy(), 30));
      } else {
        response.writeHead(206, {
          "content-length": blob.length,
          "content-range": `bytes 0-${blob.length - 1}/${blob.length}`,
        });
        response.end(blob);
      }
      return true;
    };
    expect((await refused(scratch(), "app:1")).code).toBe("protocol");
  });
});

describe.skipIf(!root)("authorization", () => {
  const basic = `Basic ${Buffer.from("me:secret").toString("base64")}`;
  const credentials = { username: "me", password: "secret" };

  function wantBearer(): void {
    registry.putImage("1", { layers: [TOP] });
    registry.intercept = (request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      if (url.pathname === "/token") {
        if (request.headers.authorization !== basic) response.writeHead(401).end();
        else response.writeHead(200).end(JSON.stringify({ token: `T-${url.searchParams.get("scope")}` }));
        return true;
      }
      if (url.pathname === "/v2/" || request.headers.authorization === "Bearer T-repository:app:pull") return false;
      const challenge = `Bearer realm="http://${registry.host}/token",service="reg, istry",scope="repository:app:pull"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return true;
    };
  }

  test("a token, with credentials", async () => {
    wantBearer();
    await pull(scratch(), "app:1", { credentials });
    const asked = registry.requests.find(({ path }) => path.startsWith("/token"))?.path ?? "";
    expect(new URL(asked, "http://x").searchParams.get("service")).toBe("reg, istry");
  });

  test("a login is not carried on to where its server points", async () => {
    wantBearer();
    const wanted = registry.intercept;
    const other = new TestRegistry();
    await other.start();
    try {
      registry.intercept = (request, response) => {
        if (request.url !== "/token") return wanted(request, response);
        response.writeHead(307, { location: `http://${other.host}/token` }).end();
        return true;
      };
      const identity = { username: "", password: "", identityToken: "secret" };
      const { code, message } = await refused(scratch(), "app:1", { credentials: identity });
      expect(code).toBe("protocol");
      expect(message).toContain("redirect of a login");
      expect(other.requests).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test("401 without credentials", async () => {
    wantBearer();
    const { code, message } = await refused(scratch(), "app:1");
    expect(code).toBe("unauthorized");
    expect(message).toContain("no credentials");
    registry.intercept = (_, response) => {
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      return true;
    };
    expect((await refused(scratch(), "app:1")).code).toBe("unauthorized");
  });

  test("basic, with credentials from the settings", async () => {
    registry.putImage("1", { layers: [TOP] });
    registry.intercept = (request, response) => {
      if (request.headers.authorization === basic) return false;
      response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      return true;
    };
    await pull(scratch(), "app:1", { registries: { insecure: [], credentialsFor: async () => credentials } });
    const wrong = { username: "me", password: "wrong" };
    expect((await refused(scratch(), "app:1", { credentials: wrong })).code).toBe("unauthorized");
  });

  test("a redirect to another host does not take the credentials along", async () => {
    wantBearer();
    const storage = new TestRegistry();
    await storage.start();
    const inner = registry.intercept;
    registry.intercept = (request, response) => {
      if (inner(request, response)) return true;
      if (!request.url?.includes("/blobs/")) return false;
      response.writeHead(307, { location: `http://${storage.host}${request.url}?signed` }).end();
      return true;
    };
    storage.intercept = (request, response) => {
      sendBlob(
        request,
        response,
        registry.blobs.get(request.url?.split("/").at(-1)?.replace("?signed", "") ?? "") ?? Buffer.alloc(0),
      );
      return true;
    };
    try {
      await pull(scratch(), "app:1", { credentials });
      expect(storage.requests).toHaveLength(2);
      expect(storage.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    } finally {
      await storage.stop();
    }
  });

  test("redirects that never end, or lead to files", async () => {
    registry.putImage("1", { layers: [TOP] });
    for (const location of ["/v2/app/manifests/1", "file:///etc/passwd"]) {
      registry.intercept = (request, response) => {
        if (request.url === "/v2/") return false;
        response.writeHead(302, { location }).end();
        return true;
      };
      expect((await refused(scratch(), "app:1")).code).toBe("protocol");
    }
  });
});
