import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { platformOf } from "../../../src/image/document/platform.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "./registry.ts";
import { sha256 } from "./tar.ts";

export const REF_NAME = "org.opencontainers.image.ref.name";
const PLATFORM = platformOf(process.arch);

/** An OCI layout in a folder, to which images of any kind are added as another tool would add them. */
export class Layout {
  readonly manifests: object[] = [];

  constructor(readonly folder: string) {
    mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }

  put(bytes: Buffer, mediaType: string) {
    writeFileSync(join(this.folder, "blobs/sha256", sha256(bytes).slice(7)), bytes);
    return { mediaType, digest: sha256(bytes), size: bytes.length };
  }

  putJson(value: object, mediaType: string) {
    return this.put(Buffer.from(JSON.stringify(value)), mediaType);
  }

  /** An image of one layer, whose configuration may lie. */
  image(layer: Buffer, platform = PLATFORM, diffIds = [sha256(layer)]) {
    const { os, architecture } = platform;
    const config = this.putJson({ os, architecture, rootfs: { type: "layers", diff_ids: diffIds } }, OCI_CONFIG);
    const layers = [this.put(gzipSync(layer), OCI_LAYER)];
    const manifest = this.putJson({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }, OCI_MANIFEST);
    return { ...manifest, platform: { os, architecture } };
  }

  index(manifests: readonly object[]) {
    return this.putJson({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }, OCI_INDEX);
  }

  artifact(content: string) {
    const config = this.put(Buffer.from("{}"), "application/vnd.oci.empty.v1+json");
    const layers = [this.put(Buffer.from(content), "text/plain")];
    const artifactType = "application/vnd.example.chart";
    return this.putJson({ schemaVersion: 2, mediaType: OCI_MANIFEST, artifactType, config, layers }, OCI_MANIFEST);
  }

  name(descriptor: object, name: string | undefined) {
    this.manifests.push({ ...descriptor, ...(name === undefined ? {} : { annotations: { [REF_NAME]: name } }) });
    writeFileSync(join(this.folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: this.manifests }));
  }
}
