import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { platformOf } from "../../src/image/document/platform.ts";
import { openLayers } from "../../src/image/layer/layer-store.ts";
import { LAYER_LIMITS } from "../../src/image/layer/limits.ts";
import { openStore } from "../../src/image/store/store.ts";
import type { PullOptions } from "../../src/image/transport/pull.ts";
import { pullFrom, refusedFrom } from "./support/pulling.ts";
import { OCI_INDEX, OCI_MANIFEST, TestRegistry } from "./support/registry.ts";
import { scratchDirectories } from "./support/scratch.ts";
import { dir, file, tar } from "./support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/odd-images.test.ts: skipped, unpacking gives files away: run as root");

const LAYER = tar([dir("etc"), file("etc/a", "1".repeat(3000))]);
const PLATFORM = platformOf(process.arch);

let registry: TestRegistry;
beforeEach(async () => {
  registry = new TestRegistry();
  await registry.start();
});
afterEach(() => registry.stop());

const pull = (state: string, more: Partial<PullOptions> = {}) => pullFrom(registry, state, "app:1", more);
const pulledDigest = async (state: string): Promise<string> => (await pull(state)).manifestDigest;
const refused = (more: Partial<PullOptions> = {}) => refusedFrom(registry, scratch(), "app:1", more);

describe.skipIf(!root)("an odd image", () => {
  const put = (index: object) =>
    registry.putManifest("1", { schemaVersion: 2, mediaType: OCI_INDEX, ...index }, OCI_INDEX);
  const entry = (digest: string, more: object = {}) => {
    const { bytes, type } = registry.manifests.get(digest) ?? { bytes: Buffer.alloc(0), type: OCI_MANIFEST };
    return { mediaType: type, digest, size: bytes.length, platform: PLATFORM, ...more };
  };

  test("without layers is an image", async () => {
    const state = scratch();
    registry.putImage("1", { layers: [] });
    const image = await pull(state);
    expect(openLayers(state).lower(image.layers)).toEqual([]);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("in an index in an index is found, unless they go on for ever", async () => {
    const { manifestDigest } = registry.putImage("inner", { layers: [LAYER] });
    let inner = manifestDigest;
    for (let depth = 0; depth < 4; depth++) {
      const type = inner === manifestDigest ? {} : { mediaType: OCI_INDEX };
      inner = put({ manifests: [entry(inner, type)] });
      const state = scratch();
      expect(await pulledDigest(state), `${depth}`).toBe(manifestDigest);
      expect(await openStore(state).verify()).toEqual([]);
      // Without a platform of its own, too.
      put({ manifests: [entry(inner, { mediaType: OCI_INDEX, platform: undefined })] });
      if (depth < 3) expect(await pulledDigest(scratch())).toBe(manifestDigest);
    }
    put({ manifests: [entry(inner, { mediaType: OCI_INDEX })] });
    expect((await refused()).code).toBe("unsupported");
  });

  test("of an index whose entries do not say their platform is found by its configuration", async () => {
    const other = registry.putImage("other", { layers: [LAYER], config: { architecture: "s390x" } }).manifestDigest;
    const { manifestDigest } = registry.putImage("inner", { layers: [LAYER] });
    const unplaced = (digest: string) => entry(digest, { platform: undefined });
    put({ manifests: [unplaced(other), unplaced(manifestDigest)] });
    expect(await pulledDigest(scratch())).toBe(manifestDigest);
    put({ manifests: [unplaced(other)] });
    expect((await refused()).code).toBe("no-platform");
  });

  test("with layers that are not to be distributed is taken where they are there", async () => {
    for (const mediaType of [
      "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ]) {
      const { layerDigests } = registry.putImage("1", {
        layers: [LAYER],
        layerType: mediaType,
        manifest: (it) => ({
          ...it,
          layers: (it.layers as object[]).map((one) => ({ ...one, urls: ["http://x.invalid/"] })),
        }),
      });
      const state = scratch();
      await pull(state);
      expect(await openStore(state).verify()).toEqual([]);
      registry.blobs.delete(layerDigests[0] ?? "");
      expect((await refused()).code).toBe("not-found");
    }
  });

  test("of an index that lies about what is in it is refused", async () => {
    const { manifestDigest } = registry.putImage("inner", { layers: [LAYER] });
    put({ manifests: [entry(manifestDigest, { size: 7 })] });
    expect((await refused()).message).toContain("expected 7 bytes");
    put({ manifests: [entry(manifestDigest, { mediaType: OCI_INDEX })] });
    expect((await refused()).code).toBe("bad-manifest");
    put({ manifests: [] });
    expect((await refused()).code).toBe("no-platform");
    put({ manifests: Array.from({ length: 5000 }, () => entry(manifestDigest)) });
    await pull(scratch());
  });

  test("of more layers than can be mounted is refused before any is fetched", async () => {
    registry.putImage("1", { layers: Array.from({ length: 501 }, () => LAYER) });
    const { code, message } = await refused();
    expect(code).toBe("bad-config");
    expect(message).toContain("501 layers, more than 500");
    expect(registry.requests.filter(({ path }) => path.includes("/blobs/"))).toHaveLength(1);
  });

  test("that unpacks to more than it may is stopped, compressed or not, also when the layer is there already", async () => {
    const bomb = tar([file("zeros", Buffer.alloc(5_000_000))]);
    const limits = { ...LAYER_LIMITS, bytes: 1_000_000 };
    registry.putImage("1", { layers: [bomb] });
    expect((await refused({ limits })).message).toContain("more than 1000000 bytes");
    registry.putImage("1", { layers: [bomb], compress: (bytes) => bytes });
    expect((await refused({ limits })).code).toBe("too-large");
    const state = scratch();
    registry.putImage("1", { layers: [LAYER] });
    await pull(state);
    registry.putImage("1", { layers: [LAYER], compress: () => gzipSync(bomb) });
    expect((await refusedFrom(registry, state, "app:1", { limits })).code).toBe("too-large");
    registry.putImage("1", { layers: [tar(Array.from({ length: 50 }, (_, at) => file(`f${at}`)))] });
    expect((await refused({ limits: { ...LAYER_LIMITS, entries: 40 } })).code).toBe("too-large");
  });
});

describe.skipIf(!root)("an odd server", () => {
  test("whose Content-Length is not that of what it sends is refused", async () => {
    const { layerDigests } = registry.putImage("1", { layers: [LAYER] });
    const digest = layerDigests[0] ?? "";
    const blob = registry.blobs.get(digest) ?? Buffer.alloc(0);
    for (const length of [String(blob.length + 5), String(blob.length - 5), "1e3", "-1", "99999999999999999999"]) {
      registry.intercept = (request, response) => {
        if (!request.url?.endsWith(digest)) return false;
        response.socket?.end(
          `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${blob.toString("latin1")}`,
          "latin1",
        );
        return true;
      };
      expect(["size-mismatch", "network", "digest-mismatch", "corrupt-layer"]).toContain((await refused()).code);
    }
  });

  test("that asks for a login again and again, or whose tokens never end, is given up", async () => {
    registry.putImage("1", { layers: [LAYER] });
    const challenge = () => ({ "www-authenticate": `Bearer realm="http://${registry.host}/token",service="x"` });
    let token = (): string => JSON.stringify({ token: "T" });
    registry.intercept = (request, response) => {
      if (request.url === "/v2/") return false;
      if (request.url?.startsWith("/token")) response.writeHead(200).end(token());
      else response.writeHead(401, challenge()).end();
      return true;
    };
    expect((await refused()).code).toBe("unauthorized");
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
    token = () => JSON.stringify({ token: "T".repeat(2_000_000) });
    expect((await refused()).code).toBe("too-large");
    for (const odd of ["[]", "null", '{"token":7}', '{"token":"a\\r\\nb"}', "{", ""]) {
      token = () => odd;
      expect((await refused()).code).toBe("protocol");
    }
    const served = registry.intercept;
    registry.intercept = (request, response) => {
      if (!request.url?.startsWith("/token")) return served(request, response);
      response.writeHead(503, { "retry-after": "0" }).end();
      return true;
    };
    registry.requests.length = 0;
    expect((await refused()).code).toBe("registry");
    expect(registry.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(3);
    registry.intercept = (request, response) => {
      if (request.url === "/v2/") return false;
      response.writeHead(302, { location: `${request.url}x` }).end();
      return true;
    };
    expect((await refused()).message).toContain("more than 10 redirects");
  });

  test("that asks to be waited for longer than anybody would is not", async () => {
    registry.intercept = (request, response) => {
      if (request.url === "/v2/") return false;
      response.writeHead(429, { "retry-after": "86400" }).end();
      return true;
    };
    expect((await refused()).code).toBe("registry");
    expect(registry.requests.filter(({ path }) => path.includes("manifests"))).toHaveLength(1);
  });
});
