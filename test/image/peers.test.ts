import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import type { KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPrivateKey } from "../../src/image/encryption/private-key.ts";
import { openLayers } from "../../src/image/layer/layer-store.ts";
import { openStore, type StoredImage } from "../../src/image/store/store.ts";
import { loadImages } from "../../src/image/transport/load.ts";
import { setAttribute } from "../../src/system/file-attributes.ts";
import { describeTree, type FileFacts } from "./support/unpacked.ts";

const TOOLS = ["umoci", "skopeo", "buildah"];
const missing = TOOLS.filter((tool) => Bun.which(tool) === null);
const root = process.getuid?.() === 0;
const reason = !root ? "run as root" : missing.length > 0 ? `not installed: ${missing.join(", ")}` : undefined;
if (reason !== undefined) {
  console.warn(`test/image/peers.test.ts: skipped: ${reason}`);
  if (process.env.CI === "true") throw new Error(`the peers are required here: ${reason}`);
}

/** Runs a shell script in a folder of its own; everything in it is the peers' work, not berth's. */
function script(cwd: string, text: string): void {
  execFileSync("sh", ["-euc", text], { cwd, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, TZ: "UTC" } });
}

/** What the tests put into images: everything that a layer can hold. */
const FIRST_LAYER = `
  mkdir -p "$R/etc/pam.d" "$R/bin" "$R/tmp" "$R/dev" "$R/var/empty" "$R/opt/gone/deep"
  chmod 1777 "$R/tmp"; chmod 2755 "$R/var"; chown 33:33 "$R/var/empty"
  echo root:x:0:0 > "$R/etc/passwd"; chmod 640 "$R/etc/passwd"; chown 0:42 "$R/etc/passwd"
  head -c 300000 /dev/urandom > "$R/bin/tool"; chmod 4755 "$R/bin/tool"; chown 1000:1000 "$R/bin/tool"; chmod 4755 "$R/bin/tool"
  cp "$R/bin/tool" "$R/bin/capable"; setcap cap_net_raw,cap_sys_admin+ep "$R/bin/capable"
  ln "$R/bin/capable" "$R/bin/linked"; ln "$R/etc/passwd" "$R/opt/passwd"
  ln -s ../etc/passwd "$R/opt/link"; ln -s /nowhere/at/all "$R/opt/dangling"; chown -h 12:13 "$R/opt/link"
  mknod "$R/dev/null" c 1 3; mknod "$R/dev/disk" b 8 17; mkfifo "$R/dev/pipe"; chmod 620 "$R/dev/pipe"
  truncate -s 5M "$R/opt/sparse"; printf end >> "$R/opt/sparse"
  : > "$R/opt/$(printf 'n\\303\\251\\303\\274')"
  N=$(head -c 200 /dev/zero | tr '\\0' n); mkdir -p "$R/opt/$N/$N"; echo long > "$R/opt/$N/$N/$N"
  echo x > "$R/opt/gone/deep/x"; echo y > "$R/opt/gone/y"; echo z > "$R/etc/pam.d/z"
  touch -h -d '2001-02-03 04:05:06.789' "$R/opt/link" "$R/etc/passwd" "$R/var/empty" "$R/bin"
`;

const SECOND_LAYER = `
  rm -r "$R/opt/gone/deep"; rm "$R/etc/pam.d/z"; rm -r "$R/etc/pam.d"; mkdir "$R/etc/pam.d"; echo new > "$R/etc/pam.d/new"
  rm "$R/opt/dangling"; mkdir "$R/opt/dangling"; echo now-a-dir > "$R/opt/dangling/f"
  rm -r "$R/var/empty"; echo now-a-file > "$R/var/empty"
  ln "$R/bin/tool" "$R/bin/tool2"; chmod 700 "$R/tmp"; ln "$R/bin/linked" "$R/bin/linked2"
`;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "berth-peers-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The image as a container would see it: the store's layers in a read-only overlay. */
function mounted<T>(state: string, image: StoredImage, look: (root: string) => T): T {
  const point = mkdtempSync(join(work, "mount-"));
  const lower = openLayers(state).lower(image.layers).toReversed();
  const empty = mkdtempSync(join(work, "empty-"));
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", `ro,lowerdir=${[...lower, empty].join(":")}`, point]);
  try {
    return look(point);
  } finally {
    execFileSync("umount", [point]);
  }
}

/** What umoci unpacks from the same image. */
function umociTree(layout: string, tag: string): string {
  const bundle = join(mkdtempSync(join(work, "umoci-")), "bundle");
  execFileSync("umoci", ["unpack", "--image", `${layout}:${tag}`, bundle], { stdio: ["ignore", "ignore", "pipe"] });
  return join(bundle, "rootfs");
}

/** Compares file by file; no layer here gives the root a time, and umoci makes one up. */
function expectSameTree(ours: Map<string, FileFacts>, theirs: Map<string, FileFacts>): void {
  expect([...ours.keys()]).toEqual([...theirs.keys()]);
  for (const [name, facts] of theirs) {
    const skipped = name === "." ? { mtime: 0n } : {};
    expect({ name, ...ours.get(name), ...skipped } as unknown).toEqual({ name, ...facts, ...skipped });
  }
}

async function load(
  path: string,
  decryptionKeys: readonly KeyObject[] = [],
): Promise<{ state: string; image: StoredImage }> {
  const state = mkdtempSync(join(work, "state-"));
  const [image] = await loadImages({ path }, { store: openStore(state), decryptionKeys });
  if (image === undefined) throw new Error("nothing was loaded");
  expect(await openStore(state).verify()).toEqual([]);
  return { state, image };
}

describe.skipIf(reason !== undefined)("images of other tools unpack as umoci unpacks them", () => {
  test("umoci's, of two layers", async () => {
    const cwd = mkdtempSync(join(work, "made-"));
    script(
      cwd,
      `umoci init --layout img; umoci new --image img:a; umoci unpack --image img:a b; R=b/rootfs
       ${FIRST_LAYER}
       umoci repack --refresh-bundle --image img:a b
       ${SECOND_LAYER}
       umoci repack --image img:a b`,
    );
    const { state, image } = await load(join(cwd, "img"));
    expect(image.layers).toHaveLength(2);
    const theirs = describeTree(umociTree(join(cwd, "img"), "a"));
    mounted(state, image, (tree) => expectSameTree(describeTree(tree), theirs));
  });

  test("buildah's, in oci-archive and docker-archive, gzip and zstd, and encrypted, by skopeo too", async () => {
    const cwd = mkdtempSync(join(work, "made-"));
    script(
      cwd,
      `export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs; B="buildah --root $PWD/s --runroot $PWD/r"
       C=$($B from scratch); R=$($B mount $C)
       ${FIRST_LAYER}
       $B umount $C; $B commit -q $C one
       C=$($B from --pull-never localhost/one); R=$($B mount $C)
       ${SECOND_LAYER}
       $B umount $C; $B commit -q $C two
       $B push -q two oci:img:a; $B push -q two oci-archive:oci.tar:two; $B push -q two docker-archive:docker.tar:two:latest
       openssl genrsa -out rsa.key 2048; openssl rsa -in rsa.key -pubout -out rsa.pub
       openssl ecparam -name secp521r1 -genkey -noout -out ec.key; openssl ec -in ec.key -pubout -out ec.pub
       $B push -q --encryption-key jwe:rsa.pub two oci:buildah:a
       skopeo copy -q --encryption-key jwe:ec.pub --encryption-key jwe:rsa.pub oci:img:a oci:skopeo:a
       skopeo copy -q --dest-compress-format zstd --dest-oci-accept-uncompressed-layers oci:img:a oci:zstd:a || true
       $B rm -a; $B rmi -a -f`,
    );
    const theirs = describeTree(umociTree(join(cwd, "img"), "a"));
    for (const path of ["img", "oci.tar", "docker.tar", ...(readdirSync(cwd).includes("zstd") ? ["zstd"] : [])]) {
      const { state, image } = await load(join(cwd, path));
      mounted(state, image, (tree) => expectSameTree(describeTree(tree), theirs));
    }
    for (const [path, key] of [
      ["buildah", "rsa.key"],
      ["skopeo", "rsa.key"],
      ["skopeo", "ec.key"],
    ] as const) {
      await expect(load(join(cwd, path))).rejects.toThrow();
      const { state, image } = await load(join(cwd, path), [readPrivateKey(key, cwd)]);
      mounted(state, image, (tree) => expectSameTree(describeTree(tree), theirs));
    }
  }, 60_000);

  test("GNU tar's layers: long names, sparse files, binary attributes and links to lower files", async () => {
    const cwd = mkdtempSync(join(work, "made-"));
    const R = join(cwd, "r");
    mkdirSync(R);
    script(cwd, `R=r; ${FIRST_LAYER}`);
    // An attribute whose value is neither text nor free of the characters that end a pax record.
    setAttribute(Buffer.from(join(R, "opt/sparse")), "user.binary", Buffer.from([0, 255, 61, 10, 195, 40]));
    script(
      cwd,
      `tar -C r --format=pax --sparse --xattrs --xattrs-include='*' -cf one.tar .
       mkdir t; ln r/bin/tool t/tool3; tar -C r --format=gnu -cf two.tar ./bin/tool ./opt
       umoci init --layout img; umoci new --image img:a; umoci raw add-layer --image img:a one.tar; umoci raw add-layer --image img:a two.tar`,
    );
    const { state, image } = await load(join(cwd, "img"));
    const theirs = describeTree(umociTree(join(cwd, "img"), "a"));
    mounted(state, image, (tree) => expectSameTree(describeTree(tree), theirs));
  });

  test("skopeo and umoci read berth's store", async () => {
    const cwd = mkdtempSync(join(work, "made-"));
    script(
      cwd,
      `umoci init --layout img; umoci new --image img:app; umoci unpack --image img:app b; echo 1 > b/rootfs/f
       umoci repack --image img:app b; umoci config --image img:app --config.env A=b
       skopeo copy -q oci:img:app oci-archive:app.tar:registry.example/team/app:1`,
    );
    const { state, image } = await load(join(cwd, "app.tar"));
    expect(image.reference).toBe("registry.example/team/app:1");
    const shown = execFileSync("skopeo", ["inspect", "--raw", `oci:${state}/images:${image.reference}`]);
    expect(JSON.parse(shown.toString()).config.digest).toBe(image.configDigest);
    expect(execFileSync("umoci", ["list", "--layout", `${state}/images`]).toString()).toContain(image.reference);
    execFileSync("skopeo", ["copy", "-q", `oci:${state}/images:${image.reference}`, `dir:${join(cwd, "out")}`]);
  });
});
