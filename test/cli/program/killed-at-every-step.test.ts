import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../src/image/store/store.ts";
import { Layout } from "../../image/support/layout.ts";
import { TestRegistry } from "../../image/support/registry.ts";
import { listTree } from "../../image/support/scratch.ts";
import { dir, file, tar } from "../../image/support/tar.ts";

const able = process.getuid?.() === 0 && existsSync("/usr/bin/strace");
if (!able) console.warn("test/cli/program/killed-at-every-step.test.ts: skipped, run as root, with strace");

const main = join(import.meta.dir, "../../../src/main.ts");

/**
 * What makes a change last or visible: a kill at each of these calls is a kill between any two states that a later
 * process can find. strace(1) counts the calls of each thread by itself.
 */
const STEPS = ["fsync", "rename", "renameat", "renameat2", "mkdir", "unlink", "unlinkat", "rmdir"] as const;

let registry: TestRegistry;
let top: string;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "berth-killed-"));
  registry = new TestRegistry();
  await registry.start();
  const [low, high] = [tar([dir("etc"), file("etc/a", "1"), file("b", "2")]), tar([file("c", "3")])];
  registry.putImage("1", { layers: [low, high] });
  const layout = new Layout(join(top, "layout"));
  layout.name(layout.image(low), "localhost/loaded:1");
  expect(spawnSync("tar", ["-C", layout.folder, "-cf", join(top, "image.tar"), "."]).status).toBe(0);
  writeFileSync(join(top, "content.tar"), tar([dir("d"), file("d/e", "4")]));
});
afterAll(async () => {
  await registry.stop();
  rmSync(top, { recursive: true, force: true });
});

/** The words of the command that is killed, and of those before it. */
interface Scenario {
  readonly before: readonly (readonly string[])[];
  readonly words: readonly string[];
  /** What removes the rest, where a repetition finds nothing to do. */
  readonly again?: readonly string[];
}

const image = () => `${registry.host}/app:1`;
const SCENARIOS: Readonly<Record<string, () => Scenario>> = {
  pull: () => ({ before: [], words: ["pull", "--quiet", image()] }),
  load: () => ({ before: [], words: ["load", "--quiet", "--input", join(top, "image.tar")] }),
  rmi: () => ({
    before: [["pull", "--quiet", image()]],
    words: ["rmi", "--ignore", image()],
    again: ["image", "prune", "--force"],
  }),
  "volume create": () => ({ before: [], words: ["volume", "create", "--ignore", "data"] }),
  "volume import": () => ({
    before: [["volume", "create", "data"]],
    words: ["volume", "import", "data", join(top, "content.tar")],
  }),
  "volume rm": () => ({
    before: [
      ["volume", "create", "data"],
      ["volume", "import", "data", join(top, "content.tar")],
    ],
    words: ["volume", "rm", "--force", "data"],
  }),
  "network create": () => ({ before: [], words: ["network", "create", "--ignore", "back"] }),
  "network rm": () => ({ before: [["network", "create", "back"]], words: ["network", "rm", "--force", "back"] }),
};

/** The exit code of a command that was killed, as a shell gives it. */
const KILLED = 137;

/** Runs berth on a machine's /var/lib and /run, below `state`; with strace's words it may be killed. */
async function berth(state: string, words: readonly string[], strace: readonly string[] = []): Promise<number> {
  const script = 'mount --bind "$1/lib" /var/lib && mount --bind "$1/run" /run && shift && exec "$@"';
  const argv = ["--mount", "sh", "-ec", script, "sh", state, ...strace, process.execPath, main, ...words];
  const child = spawn("unshare", argv, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const code = await new Promise<number>((resolve) =>
    child.once("close", (status, signal) => resolve(signal === "SIGKILL" ? KILLED : (status ?? -1))),
  );
  if (code !== 0 && code !== KILLED) throw new Error(`berth ${words.join(" ")}: ${said}`);
  return code;
}

function newState(name: string): string {
  const state = join(top, name);
  for (const folder of ["lib", "run"]) mkdirSync(join(state, folder), { recursive: true });
  return state;
}

/** The paths that are there once cleanup has swept. */
async function remains(state: string): Promise<string[]> {
  await berth(state, ["cleanup", "--stale"]);
  return listTree(state);
}

describe.skipIf(!able)("a command that is killed at any durable step, and then repeated", () => {
  test.each(Object.keys(SCENARIOS))(
    "%s",
    async (name) => {
      const { before, words, again }: Scenario = SCENARIOS[name]?.() ?? { before: [], words: [] };
      const start = newState(`${name} start`);
      for (const earlier of before) await berth(start, earlier);
      const whole = join(top, `${name} whole`);
      cpSync(start, whole, { recursive: true });
      await berth(whole, words);
      const expected = await remains(whole);
      let kills = 0;
      for (const step of STEPS) {
        for (let at = 1, killed = true; killed; at++) {
          const state = join(top, `${name} ${step} ${at}`);
          cpSync(start, state, { recursive: true });
          const inject = `inject=${step}:signal=KILL:when=${at}`;
          const strace = ["strace", "-f", "-o", "/dev/null", "-e", `trace=${step}`, "-e", inject];
          killed = (await berth(state, words, strace)) === KILLED;
          if (!killed) continue;
          kills++;
          const store = openStore(join(state, "lib/berth"));
          expect(await store.verify(), `${step} ${at}`).toEqual([]);
          await berth(state, words);
          if (again !== undefined) await berth(state, again);
          expect(await remains(state), `${step} ${at}`).toEqual(expected);
          expect(await store.verify(), `${step} ${at}`).toEqual([]);
          rmSync(state, { recursive: true });
        }
      }
      expect(kills).toBeGreaterThan(1);
    },
    300_000,
  );
});
