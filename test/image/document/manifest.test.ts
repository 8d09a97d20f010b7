import { expect, test } from "bun:test";
import { parseImageConfig } from "../../../src/image/document/image-config.ts";
import { OCI_INDEX, OCI_MANIFEST, parseManifest } from "../../../src/image/document/manifest.ts";
import { choosePlatform, parsePlatform } from "../../../src/image/document/platform.ts";
import { ImageError } from "../../../src/image/error.ts";

const digest = `sha256:${"0".repeat(64)}`;
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 9 };
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const image = { schemaVersion: 2, config, layers: [layer] };

function code(value: unknown, servedType?: string): string {
  try {
    parseManifest(Buffer.isBuffer(value) ? value : bytes(value), servedType);
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error);
  }
  return "fine";
}

test("OCI and Docker manifests, with or without a type of their own", () => {
  expect(parseManifest(bytes(image))).toMatchObject({ kind: "manifest", mediaType: OCI_MANIFEST });
  expect(parseManifest(bytes({ schemaVersion: 2, manifests: [] }))).toMatchObject({
    kind: "index",
    mediaType: OCI_INDEX,
  });
  const docker = "application/vnd.docker.distribution.manifest.v2+json";
  const dockerConfig = { ...config, mediaType: "application/vnd.docker.container.image.v1+json" };
  const dockerLayer = { ...layer, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" };
  const dockerImage = { schemaVersion: 2, mediaType: docker, config: dockerConfig, layers: [dockerLayer] };
  expect(parseManifest(bytes(dockerImage), docker)).toMatchObject({ kind: "manifest", mediaType: docker });
  expect(parseManifest(bytes(image), "application/octet-stream")).toMatchObject({ kind: "manifest" });
});

test("a document is what it is said to be, and only one thing", () => {
  expect(code({ ...image, mediaType: OCI_MANIFEST }, OCI_INDEX)).toBe("bad-manifest");
  expect(code(image, OCI_INDEX)).toBe("bad-manifest");
  expect(code({ schemaVersion: 2, manifests: [] }, OCI_MANIFEST)).toBe("bad-manifest");
  expect(code({ ...image, manifests: [] })).toBe("bad-manifest");
  expect(code({ ...image, mediaType: "application/x" })).toBe("unsupported");
  // Names that every JavaScript object has.
  for (const mediaType of ["constructor", "__proto__"]) {
    expect(code({ ...image, mediaType })).toBe("unsupported");
    expect(code({ schemaVersion: 2, manifests: [], mediaType }, mediaType)).toBe("unsupported");
  }
  expect(code({ ...image, schemaVersion: 3 })).toBe("bad-manifest");
  expect(code({ schemaVersion: 1 })).toBe("unsupported");
  expect(code(Buffer.from([0x7b, 0xff, 0x7d]))).toBe("bad-manifest");
  expect(code(Buffer.from("{"))).toBe("bad-manifest");
  for (const size of [-1, 1.5, "9", null, 2 ** 60])
    expect(code({ ...image, layers: [{ ...layer, size }] })).toBe("bad-manifest");
});

test("the platform's image out of an index", () => {
  const entry = (os: string, architecture: string, variant?: string) => ({
    ...layer,
    mediaType: OCI_MANIFEST,
    size: os.length + architecture.length + (variant?.length ?? 0),
    platform: { os, architecture, variant },
  });
  const entries = [
    entry("unknown", "unknown"),
    entry("windows", "amd64"),
    entry("linux", "arm", "v5"),
    entry("linux", "arm", "v7"),
    entry("linux", "arm64", "v8"),
    entry("linux", "amd64"),
  ];
  const index = parseManifest(bytes({ schemaVersion: 2, manifests: entries }));
  if (index.kind !== "index") throw new Error("not an index");
  const chosen = (text: string) => choosePlatform(index, parsePlatform(text)).platform;
  expect(chosen("linux/amd64")).toMatchObject({ os: "linux", architecture: "amd64" });
  expect(chosen("linux/arm64")).toMatchObject({ architecture: "arm64", variant: "v8" });
  expect(chosen("linux/arm/v7")).toMatchObject({ variant: "v7" });
  expect(chosen("linux/arm/v6")).toMatchObject({ variant: "v5" });
  expect(chosen("arm64")).toMatchObject({ architecture: "arm64" });
  expect(() => chosen("linux/riscv64")).toThrow("there is: unknown/unknown, windows/amd64, linux/arm/v5");
});

test.each([
  { Env: ["A=b\0c"] },
  { Cmd: ["id\0x"] },
  { Entrypoint: ["\0"] },
  { WorkingDir: "/a\0b" },
  { Volumes: { "/a\0b": {} } },
])("a configuration with %j is refused, as nothing of the kernel's can be named so", (run) => {
  const document = bytes({ config: run, rootfs: { type: "layers", diff_ids: [] } });
  expect(() => parseImageConfig(document)).toThrow(`${Object.keys(run)[0]} holds a NUL byte`);
});
