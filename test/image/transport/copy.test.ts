import { describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../../../src/image/document/digest.ts";
import type { Descriptor } from "../../../src/image/document/manifest.ts";
import { ImageError } from "../../../src/image/error.ts";
import { copyImage, findImage } from "../../../src/image/transport/copy.ts";
import type { ImageDestination, LayerPlace } from "../../../src/image/transport/image-destination.ts";
import type { ImageSource } from "../../../src/image/transport/image-source.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../support/registry.ts";

const PLATFORM = { os: "linux", architecture: "amd64", variant: "" };

const bytesOf = (value: object) => Buffer.from(JSON.stringify(value));
const describeBlob = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });

/** An image, in memory, of layers with these contents. */
class MemorySource implements ImageSource {
  readonly blobs = new Map<Digest, Buffer>();
  readonly opened: string[] = [];
  readonly top: Buffer;
  readonly layers: readonly Digest[];

  constructor(contents: readonly string[], wrap: (manifest: Buffer) => Buffer = (manifest) => manifest) {
    const put = (bytes: Buffer) => {
      this.blobs.set(digestOf(bytes), bytes);
      return bytes;
    };
    const config = put(bytesOf({ os: "linux", rootfs: { type: "layers", diff_ids: [] } }));
    const layers = contents.map((text) => describeBlob(put(Buffer.from(text)), OCI_LAYER));
    this.layers = layers.map(({ digest }) => digest);
    const manifest = bytesOf({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describeBlob(config, OCI_CONFIG),
      layers,
    });
    this.top = put(wrap(put(manifest)));
  }

  async manifest(which: Digest = digestOf(this.top)) {
    const bytes = this.blobs.get(which);
    if (bytes === undefined) throw new ImageError("not-found", `no ${which}`);
    return { bytes, digest: which, mediaType: undefined };
  }

  async *blob({ digest }: Descriptor) {
    this.opened.push(digest);
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new ImageError("not-found", `no ${digest}`);
    yield bytes;
  }

  async close() {}
}

/** Writes down what it is given. */
class MemoryDestination implements ImageDestination {
  readonly calls: string[] = [];
  inWork = 0;
  most = 0;

  constructor(
    private readonly there: (blob: Descriptor) => boolean = () => false,
    private readonly take: (blob: Descriptor, place: LayerPlace) => Promise<void> = async () => {},
  ) {}

  async announce() {
    this.calls.push("announce");
  }

  async hasBlob(blob: Descriptor) {
    return this.there(blob);
  }

  async blob(blob: Descriptor, open: () => AsyncIterable<Uint8Array>, place?: LayerPlace) {
    this.inWork += 1;
    this.most = Math.max(this.most, this.inWork);
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of open()) pieces.push(piece);
      if (place !== undefined) await this.take(blob, place);
      this.calls.push(place === undefined ? "config" : `layer ${place.at} ${Buffer.concat(pieces)}`);
    } finally {
      this.inWork -= 1;
    }
  }

  async manifest({ digest }: { digest: Digest }) {
    this.calls.push(`manifest ${digest}`);
  }

  async commit() {
    this.calls.push("commit");
  }

  async close() {}
}

async function copy(source: ImageSource, destination: ImageDestination) {
  const events: string[] = [];
  let givenUp = 0;
  const image = await findImage(source, PLATFORM);
  await copyImage(image, source, destination, {
    name: "app",
    onProgress: ({ kind }) => events.push(kind),
    giveUp: () => (givenUp += 1),
  }).catch((error: unknown) => {
    throw Object.assign(error as Error, { givenUp });
  });
  return events;
}

const inIndex = (manifest: Buffer) =>
  bytesOf({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...describeBlob(manifest, OCI_MANIFEST), platform: PLATFORM }],
  });

describe("a copy", () => {
  test("announces the image, brings layers, then the configuration, the manifest and the names", async () => {
    const source = new MemorySource(["a", "b"]);
    const destination = new MemoryDestination();
    expect(await copy(source, destination)).toEqual(["manifest", "layer-done", "layer-done"]);
    expect(destination.calls).toEqual([
      "announce",
      "layer 0 a",
      "layer 1 b",
      "config",
      `manifest ${digestOf(source.top)}`,
      "commit",
    ]);
  });

  test("of an index brings the index too, after the manifest that was chosen from it", async () => {
    const source = new MemorySource(["a"], inIndex);
    const destination = new MemoryDestination();
    await copy(source, destination);
    const manifests = destination.calls.filter((call) => call.startsWith("manifest"));
    expect(manifests).toHaveLength(2);
    expect(manifests[1]).toBe(`manifest ${digestOf(source.top)}`);
    expect(destination.calls.at(-1)).toBe("commit");
  });

  test("does not open what the destination has", async () => {
    const source = new MemorySource(["a", "b"]);
    const destination = new MemoryDestination(({ digest }) => digest === source.layers[0]);
    expect(await copy(source, destination)).toContain("layer-present");
    expect(source.opened).not.toContain(source.layers[0] ?? "");
    expect(destination.calls).toContain("layer 1 b");
  });

  test("works on three layers at the same time, the lowest first", async () => {
    const source = new MemorySource(["a", "b", "c", "d", "e", "f"]);
    const begun: number[] = [];
    const destination = new MemoryDestination(undefined, async (_, { at }) => {
      begun.push(at);
      await Bun.sleep(5);
    });
    await copy(source, destination);
    expect(destination.most).toBe(3);
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("lets a layer wait for those below it, also when the same blob is there twice", async () => {
    const source = new MemorySource(["a", "b", "a", "c", "d"]);
    const finished: number[] = [];
    const destination = new MemoryDestination(undefined, async (_, { at, below }) => {
      await below();
      expect(finished.toSorted()).toEqual([...Array(at).keys()]);
      finished.push(at);
    });
    await copy(source, destination);
    expect(finished).toEqual([0, 1, 2, 3, 4]);
  });

  test("that fails reports the first failure, gives up the others and gives no names", async () => {
    const source = new MemorySource(["a", "b", "c", "d", "e"]);
    const begun: number[] = [];
    const destination = new MemoryDestination(undefined, async (_, { at, below }) => {
      begun.push(at);
      if (at === 1) throw new ImageError("corrupt-layer", "bad");
      await below();
    });
    const failure = await copy(source, destination).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "corrupt-layer", givenUp: 1 });
    expect(begun).not.toContain(4);
    expect(destination.calls).not.toContain("commit");
    expect(destination.inWork).toBe(0);
  });

  test("of an image whose configuration is not what the manifest says ends before it is announced", async () => {
    const source = new MemorySource(["a"]);
    const [config = digestOf("")] = source.blobs.keys();
    const length = source.blobs.get(config)?.length ?? 0;
    source.blobs.set(config, Buffer.alloc(length, "x"));
    const destination = new MemoryDestination();
    expect(await copy(source, destination).catch((error: unknown) => error)).toMatchObject({ code: "digest-mismatch" });
    expect(destination.calls).toEqual([]);
  });
});
