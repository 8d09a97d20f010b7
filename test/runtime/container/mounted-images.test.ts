import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../src/image/store/store.ts";
import { prepareStore } from "../../../src/image/store/store-write.ts";
import type { MountRequest } from "../../../src/options/requests/run-request.ts";
import { mountedImages } from "../../../src/runtime/container/mounted-images.ts";
import { systemScope } from "../../../src/scope.ts";
import { Layout } from "../../image/support/layout.ts";
import { scratchDirectories } from "../../image/support/scratch.ts";
import { dir, file, tar } from "../../image/support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;

const mount = (image: string): MountRequest => ({
  type: "image",
  image,
  target: "/files",
  options: [],
  writable: false,
});

describe.skipIf(!root)("images to mount", () => {
  test("are unpacked where another tool has put their blobs alone into the store", async () => {
    const scope = systemScope(scratch());
    const store = openStore(scope.stateDir);
    prepareStore(store.paths);
    const layout = new Layout(store.paths.images);
    layout.name(layout.image(tar([dir("etc"), file("etc/a", "1")])), "localhost/files:1");
    const mounts = [mount("localhost/files:1"), mount("localhost/files:1")];
    for (let times = 0; times < 2; times++) {
      const images = await mountedImages(scope, mounts);
      const [lower = ""] = store.layers.lower(images.get("localhost/files:1") ?? []);
      expect(readFileSync(join(lower, "etc/a"), "utf8")).toBe("1");
    }
    await expect(mountedImages(scope, [mount("localhost/none:1")])).rejects.toMatchObject({ code: "image-not-found" });
  });
});
