import { expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLayers } from "../../src/image/layer/layer-store.ts";
import { scratchDirectories } from "./support/scratch.ts";
import { dir, file, sha256, tar } from "./support/tar.ts";
import { describeTree } from "./support/unpacked.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/user-namespace.test.ts: skipped, it maps ids for a namespace: run as root");

const FIRST_ID = 100_000;

/** A user namespace in which the ids from 0 are FIRST_ID and up outside; it lasts until `end`. */
async function userNamespace(): Promise<{ run(words: readonly string[]): string; end(): void }> {
  const holder = spawn("unshare", ["--user", "--mount", "sh", "-c", "echo ready; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${holder.pid}/${map}`, `0 ${FIRST_ID} 65536`);
  const enter = ["--target", String(holder.pid), "--user", "--mount", "--setuid", "0", "--setgid", "0", "--"];
  return {
    run: (words) => execFileSync("nsenter", [...enter, ...words], { stdio: ["ignore", "pipe", "pipe"] }).toString(),
    end: () => holder.kill("SIGKILL"),
  };
}

test.skipIf(!root)("root of a user namespace unpacks a layer that overlay mounts there", async () => {
  const place = scratch();
  chmodSync(place, 0o711);
  const state = join(place, "state");
  mkdirSync(state);
  chownSync(state, FIRST_ID, FIRST_ID);
  const layers = [
    tar([
      dir("d"),
      file("d/lower", "1"),
      file("gone", "2"),
      file("owned", "3", { uid: 1000, gid: 1001, mode: 0o4755 }),
      { name: "null", type: "3", major: 1, minor: 3 },
    ]),
    tar([dir("d"), file("d/.wh..wh..opq"), file("d/upper", "4"), file(".wh.gone")]),
  ];
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: layers.map(sha256) },
  });
  const manifest = JSON.stringify([{ Config: "c", RepoTags: ["app:1"], Layers: ["0", "1"] }]);
  const archive = join(place, "archive");
  writeFileSync(
    archive,
    tar([file("manifest.json", manifest), file("c", config), ...layers.map((bytes, at) => file(String(at), bytes))]),
  );
  chmodSync(archive, 0o644);
  const namespace = await userNamespace();
  try {
    const script = join(import.meta.dir, "support/load-in-namespace.ts");
    const loaded = JSON.parse(namespace.run([process.execPath, script, state, archive]));
    expect(loaded.problems).toEqual([]);
    const trees = openLayers(state).lower(loaded.layers);
    const lower = describeTree(trees[0] ?? "");
    expect(lower.get("owned")).toMatchObject({ uid: FIRST_ID + 1000, gid: FIRST_ID + 1001, mode: 0o4755 });
    expect(lower.has("null")).toBe(false);
    mkdirSync(join(place, "mount"));
    const options = `ro,userxattr,lowerdir=${trees.toReversed().join(":")}`;
    const show = 'mount -t overlay overlay -o "$1" "$2" && cd "$2" && find . | sort';
    expect(
      namespace
        .run(["sh", "-c", show, "sh", options, join(place, "mount")])
        .trim()
        .split("\n"),
    ).toEqual([".", "./d", "./d/upper", "./owned"]);
  } finally {
    namespace.end();
  }
});

test.skipIf(!root)("an owner that is not mapped is named", async () => {
  const place = scratch();
  chmodSync(place, 0o711);
  const state = join(place, "state");
  mkdirSync(state);
  chownSync(state, FIRST_ID, FIRST_ID);
  const layer = tar([file("far", "", { uid: 70_000 })]);
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [sha256(layer)] },
  });
  const manifest = JSON.stringify([{ Config: "c", RepoTags: ["app:1"], Layers: ["l"] }]);
  const archive = join(place, "archive");
  writeFileSync(archive, tar([file("manifest.json", manifest), file("c", config), file("l", layer)]));
  const namespace = await userNamespace();
  try {
    const script = join(import.meta.dir, "support/load-in-namespace.ts");
    expect(() => namespace.run([process.execPath, script, state, archive])).toThrow("its owner 70000:0 is not mapped");
  } finally {
    namespace.end();
  }
});
