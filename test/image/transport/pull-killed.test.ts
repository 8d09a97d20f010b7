import { expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openStore, type Store } from "../../../src/image/store/store.ts";
import { pullImage } from "../../../src/image/transport/pull.ts";
import { sendBlob, TestRegistry } from "../support/registry.ts";
import { listTree, scratchDirectories } from "../support/scratch.ts";
import { dir, file, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/pull-killed.test.ts: skipped, it mounts: run as root");

const MOMENTS = 20;
/** Stores that are worked on at the same time. */
const LANES = 2;
const main = join(import.meta.dir, "../../../src/main.ts");

/** A real `berth pull` whose /var/lib is the given directory. */
function pullProcess(varLib: string, image: string): ChildProcess {
  const script = 'mount --bind "$1" /var/lib && exec "$2" "$3" pull --quiet "$4"';
  const words = ["--mount", "sh", "-ec", script, "sh", varLib, process.execPath, main, image];
  return spawn("unshare", words, { stdio: ["ignore", "ignore", "inherit"] });
}

const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));

/** Kills pulls into one store at random moments of the `whole` that one takes (milliseconds), and finishes the last. */
async function killAndFinish(state: string, image: string, whole: number): Promise<{ store: Store; killed: number }> {
  const store = openStore(join(state, "berth"));
  let killed = 0;
  for (let at = 0; at < MOMENTS / LANES; at++) {
    // A fresh store every few kills, so that all stages of a pull are hit; in between, leftovers are met.
    if (at % 4 === 0)
      await Promise.all(
        store.list().map(({ configDigest }) => store.remove(configDigest, { force: true, uses: () => [] })),
      );
    const child = pullProcess(state, image);
    const end = ended(child);
    await delay(Math.round(whole * (0.15 + 0.85 * Math.random())));
    killed += child.kill("SIGKILL") ? 1 : 0;
    await end;
    expect(await store.verify()).toEqual([]);
  }
  expect(await ended(pullProcess(state, image))).toBe(0);
  return { store, killed };
}

test.skipIf(!root)(
  "a pull killed at any moment leaves a sound store, and the next pull finishes",
  async () => {
    const registry = new TestRegistry();
    await registry.start();
    const layers = Array.from({ length: 4 }, (_, layer) =>
      tar([
        dir(`d${layer}`),
        ...Array.from({ length: 100 }, (_, at) => file(`d${layer}/f${at}`, Buffer.alloc(2000, at))),
        file(`d${layer}/big`, Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * at * 7 + layer) & 0xff))),
      ]),
    );
    registry.putImage("1", { layers });
    // Slow enough that kills land while bytes arrive.
    registry.intercept = (request, response) => {
      const blob = registry.blobs.get(request.url?.split("/").at(-1) ?? "");
      if (blob === undefined) return false;
      setTimeout(() => sendBlob(request, response, blob), 40);
      return true;
    };
    const image = `${registry.host}/app:1`;
    try {
      const first = scratch();
      const started = Date.now();
      expect(await ended(pullProcess(first, image))).toBe(0);
      const whole = Date.now() - started;
      // Stores side by side, since a pull waits for the disk most of its time.
      const lanes = await Promise.all(Array.from({ length: LANES }, () => killAndFinish(scratch(), image, whole)));
      for (const { store, killed } of lanes) {
        expect(killed).toBeGreaterThan(0);
        expect(store.resolve(image)?.layers).toHaveLength(4);
        expect(await store.verify()).toEqual([]);
        expect(listTree(store.paths.work)).toEqual([]);
        expect(listTree(store.paths.images)).toEqual(listTree(join(first, "berth/images")));
        expect(listTree(store.paths.layers)).toEqual(listTree(join(first, "berth/layers")));
      }
    } finally {
      await registry.stop();
    }
  },
  120_000,
);

test.skipIf(!root)(
  "what works at the same time does not disturb each other",
  async () => {
    const registry = new TestRegistry();
    await registry.start();
    try {
      const shared = tar([dir("a"), file("a/x", "1")]);
      for (let tag = 0; tag < 3; tag++) registry.putImage(String(tag), { layers: [shared, tar([file(`own${tag}`)])] });
      const state = scratch();
      const children = [0, 1, 2].map((tag) => pullProcess(state, `${registry.host}/app:${tag}`));
      expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0]);
      const store = openStore(join(state, "berth"));
      expect(store.list()).toHaveLength(3);
      // Removing two of them while one is pulled again.
      const again = pullImage(`${registry.host}/app:2`, {
        store,
        registries: { insecure: [], credentialsFor: async () => undefined },
      });
      await store.remove(`${registry.host}/app:0`, { uses: () => [] });
      await store.remove(`${registry.host}/app:1`, { uses: () => [] });
      await again;
      expect(await store.verify()).toEqual([]);
      expect(listTree(store.paths.layers).filter((name) => !name.includes("/"))).toHaveLength(2);
    } finally {
      await registry.stop();
    }
  },
  60_000,
);
