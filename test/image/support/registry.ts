import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { sha256 } from "./tar.ts";

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
export const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** What a test wants an image to be; everything can be given a lie. */
export interface ImageParts {
  /** Uncompressed layers, lowest first. */
  readonly layers: readonly Buffer[];
  readonly compress?: (tar: Buffer) => Buffer;
  readonly layerType?: string;
  readonly config?: Record<string, unknown>;
  /** Changes the manifest before it is stored. */
  readonly manifest?: (manifest: Record<string, unknown>) => Record<string, unknown>;
}

export interface PushedImage {
  readonly manifestDigest: string;
  readonly configDigest: string;
  readonly layerDigests: readonly string[];
  readonly diffIds: readonly string[];
}

/** Handles a request instead of the registry; false lets the registry answer. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry in this process that can be made to misbehave. */
export class TestRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { bytes: Buffer; type: string }>();
  readonly requests: { path: string; headers: IncomingMessage["headers"] }[] = [];
  intercept: Intercept = () => false;
  #server: Server | undefined;

  /** `127.0.0.1:PORT`. */
  get host(): string {
    const address = this.#server?.address();
    if (typeof address !== "object" || address === null) throw new Error("the registry is not started");
    return `127.0.0.1:${address.port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  putBlob(bytes: Buffer): string {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  putManifest(tag: string, manifest: unknown, type = OCI_MANIFEST): string {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = sha256(bytes);
    for (const key of [tag, digest]) this.manifests.set(key, { bytes, type });
    return digest;
  }

  putImage(tag: string, parts: ImageParts): PushedImage {
    const compress = parts.compress ?? ((tar) => gzipSync(tar));
    const diffIds = parts.layers.map(sha256);
    const config = Buffer.from(
      JSON.stringify({
        os: "linux",
        architecture: "amd64",
        rootfs: { type: "layers", diff_ids: diffIds },
        ...parts.config,
      }),
    );
    const blobs = parts.layers.map(compress);
    const layerDigests = blobs.map((blob) => this.putBlob(blob));
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: this.putBlob(config), size: config.length },
      layers: blobs.map((blob, at) => ({
        mediaType: parts.layerType ?? OCI_LAYER,
        digest: layerDigests[at],
        size: blob.length,
      })),
    };
    const manifestDigest = this.putManifest(tag, parts.manifest?.(manifest) ?? manifest);
    return { manifestDigest, configDigest: sha256(config), layerDigests, diffIds };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    this.requests.push({ path, headers: request.headers });
    if (this.intercept(request, response)) return;
    const [, kind, key = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    if (path === "/v2/") {
      response.writeHead(200).end();
      return;
    }
    const manifest = kind === "manifests" ? this.manifests.get(key) : undefined;
    const blob = kind === "blobs" ? this.blobs.get(key) : undefined;
    if (manifest !== undefined) {
      response.writeHead(200, { "content-type": manifest.type, "docker-content-digest": sha256(manifest.bytes) });
      response.end(manifest.bytes);
    } else if (blob !== undefined) {
      sendBlob(request, response, blob);
    } else {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }));
    }
  }
}

/** A blob or, when the request asks for it, its rest. */
export function sendBlob(request: IncomingMessage, response: ServerResponse, blob: Buffer): void {
  const from = /^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1];
  if (from === undefined) {
    response.writeHead(200, { "content-length": blob.length }).end(blob);
    return;
  }
  const rest = blob.subarray(Number(from));
  response.writeHead(206, {
    "content-length": rest.length,
    "content-range": `bytes ${from}-${blob.length - 1}/${blob.length}`,
  });
  response.end(rest);
}
