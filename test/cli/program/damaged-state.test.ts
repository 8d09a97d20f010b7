import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CommandContext, CommandError } from "../../../src/cli/program/command.ts";
import { describeFailure } from "../../../src/cli/program/failure.ts";
import { runCommand } from "../../../src/cli/program.ts";
import { BerthError } from "../../../src/error.ts";
import { leasesDir } from "../../../src/runtime/network/connect/address-leases.ts";
import { writeConnection } from "../../../src/runtime/network/connect/connection-record.ts";
import { createNetwork } from "../../../src/runtime/network/create-network.ts";
import { createVolume } from "../../../src/runtime/volume/create.ts";
import { systemScope } from "../../../src/scope.ts";
import { COMMAND_TABLE } from "../../../src/setup/commands.ts";
import { writeRecord } from "../../../src/state/container-record.ts";
import { claimName } from "../../../src/state/names.ts";
import { containerPaths, idLeasesDir } from "../../../src/state/paths.ts";
import { podPaths, writePod } from "../../../src/state/pod-record.ts";
import { noteUnit } from "../../../src/state/running-units.ts";
import { newVolume } from "../../../src/state/volume-record.ts";
import { errnoName } from "../../../src/system/error.ts";
import { identify } from "../../../src/system/process-identity.ts";
import { TestRegistry } from "../../image/support/registry.ts";
import { file, tar } from "../../image/support/tar.ts";
import { containerRecord, podRecord } from "../../state/records.ts";

const able = process.getuid?.() === 0;
if (!able) console.warn("test/cli/program/damaged-state.test.ts: skipped, run as root");

const WEB = "0123456789abcdef0123456789abcdef";
const OTHER = "89abcdef0123456789abcdef01234567";
const SHOP = "fedcba9876543210fedcba9876543210";

/** A machine's files with two of each kind, of which the first is damaged. */
let sound: string;
let registry: TestRegistry;
const places = mkdtempSync(join(tmpdir(), "berth-damaged-"));
beforeAll(async () => {
  sound = join(places, "sound");
  const scope = systemScope(sound);
  registry = new TestRegistry();
  await registry.start();
  for (const tag of ["a", "b"]) registry.putImage(tag, { layers: [tar([file(tag, tag)])] });
  writeFile(join(sound, "etc/berth/berth.conf"), `[registry "${registry.host}"]\nInsecure=yes\n`);
  writeFile(join(sound, "auth.json"), JSON.stringify({ auths: { "registry.example": { auth: "dXNlcjpwYXNz" } } }));
  writeFile(join(sound, "config/containers/policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  writeFile(
    join(sound, "config/containers/registries.conf"),
    '[[registry]]\nprefix = "blocked.example"\nblocked = true\n',
  );
  for (const tag of ["a", "b"]) expect((await berth(sound, ["pull", `${registry.host}/app:${tag}`])).failure).toBe("");
  const launcher = identify(process.pid) ?? { pid: 1, startTime: "0" };
  for (const [id, name] of [
    [WEB, "web"],
    [OTHER, "other"],
  ] as const) {
    mkdirSync(containerPaths(scope, id).bundle, { recursive: true });
    writeFile(containerPaths(scope, id).pidFile, "1");
    writeFile(containerPaths(scope, id).config, JSON.stringify(SPEC));
    writeRecord(scope, { ...containerRecord({ id, name, launcher, volumes: [`${name}-data`] }), unit: undefined });
    claimName(scope, name, id);
    createVolume(scope, newVolume(`${name}-data`));
    createNetwork(scope, { ...NETWORK, name: `${name}-net` }, false);
    const connection = { owner: id, name, networks: [`${name}-net`], ports: [], request: undefined };
    writeConnection(scope, connection);
    writeFile(join(leasesDir(scope, `${name}-net`), "10.86.0.2"), id);
    writeFile(join(idLeasesDir(scope), id), '{"uid":[{"start":200000,"size":9}],"gid":[{"start":200000,"size":9}]}');
  }
  for (const [id, name] of [
    [SHOP, "shop"],
    [OTHER.replace("8", "7"), "lab"],
  ] as const) {
    mkdirSync(podPaths(scope, name).directory, { recursive: true });
    writePod(scope, podRecord({ id, name, unit: `${name}-pod.service`, maker: launcher }));
    noteUnit(scope, `${name}-pod.service`, { kind: "pod", id, name });
  }
  writeFile(join(scope.runtimeDir, "makers/network-web-net"), '{"unit":"no-such-unit.service","run":"1"}');
});
afterAll(async () => {
  await registry.stop();
  rmSync(places, { recursive: true, force: true });
});

const NETWORK = {
  ...{ driver: "bridge", subnets: [], ipv6: false, internal: false, disableDns: false, dns: [] },
  ...{ interfaceName: undefined, ipamDriver: undefined, options: {}, labels: {} },
};

function writeFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const CAPABILITIES = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] };
const SPEC = {
  process: { user: { uid: 0, gid: 0 }, args: ["server"], env: [], cwd: "/", capabilities: CAPABILITIES, rlimits: [] },
  ...{ root: { path: "rootfs" }, mounts: [], annotations: {} },
};

interface Outcome {
  readonly said: string;
  /** Empty for success. */
  readonly failure: string;
}

/** Runs a command in this process, in a scope below `root`. */
async function berth(root: string, words: readonly string[]): Promise<Outcome> {
  let said = "";
  const context: CommandContext = {
    scope: systemScope(root),
    env: {
      HOME: root,
      XDG_CONFIG_HOME: join(root, "config"),
      REGISTRY_AUTH_FILE: join(root, "auth.json"),
      PATH: process.env.PATH,
    },
    cwd: root,
    command: [],
    out: (text) => {
      said += text;
    },
    outBytes: async () => {},
    err: () => {},
    errTerminal: () => undefined,
    outIsTerminal: () => false,
    input: () => undefined,
    ask: () => undefined,
  };
  try {
    await runCommand(words, COMMAND_TABLE, context);
    return { said, failure: "" };
  } catch (error) {
    const failure = describeFailure(error);
    // Of berth, or the kernel's refusal with its path: never the engine's.
    const isKnown = error instanceof BerthError || error instanceof CommandError || errnoName(error) !== undefined;
    if (!isKnown) throw new Error(`berth ${words.join(" ")}`, { cause: error });
    expect(failure).not.toMatch(/undefined|null is not|is not a function|JSON Parse|Unexpected|SyntaxError|TypeError/);
    return { said, failure };
  } finally {
    // Of this process, which commands that find something set to 1.
    process.exitCode = 0;
  }
}

type Damage = (path: string) => void;
const rewrite =
  (change: (bytes: Buffer) => Buffer): Damage =>
  (path) =>
    writeFileSync(path, change(readFileSync(path)));
const instead =
  (make: (path: string) => void): Damage =>
  (path) => {
    rmSync(path, { recursive: true });
    make(path);
  };
const version =
  (value: unknown): Damage =>
  (path) =>
    writeFileSync(path, JSON.stringify({ version: value, name: "web" }));

/** Positions in a file, in parts of its length: each class of bytes (brace, key, value, number, end) is among them. */
const POSITIONS = [0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1];
/** Makes another letter, another kind of character, and what is no UTF-8. */
const BITS = [0x01, 0x10, 0x80];
const at = (bytes: Buffer, part: number) => Math.round((bytes.length - 1) * part);
const DAMAGES: Readonly<Record<string, Damage>> = {
  ...Object.fromEntries(
    POSITIONS.map((part) => [`cut at ${part}`, rewrite((bytes) => bytes.subarray(0, at(bytes, part)))]),
  ),
  ...Object.fromEntries(
    POSITIONS.map((part, nth) => [
      `a bit flipped at ${part}`,
      rewrite((bytes) => {
        const copy = Buffer.from(bytes);
        const index = at(copy, part);
        copy[index] = (copy[index] ?? 0) ^ (BITS[nth % BITS.length] ?? 1);
        return copy;
      }),
    ]),
  ),
  zeros: rewrite((bytes) => Buffer.alloc(bytes.length)),
  ...Object.fromEntries(
    ["5", "{}", "null", "[[]]", '"text"', '{"version":null}', "\ufffd"].map((text) => [
      text,
      rewrite(() => Buffer.from(text)),
    ]),
  ),
  "bytes behind its end": rewrite((bytes) => Buffer.concat([bytes, Buffer.from("}x")])),
  "nested without end": rewrite(() => Buffer.from("[".repeat(200_000))),
  huge: (path) => truncateSync(path, 3 * 2 ** 30),
  "a folder": instead((path) => mkdirSync(path)),
  "a pipe": instead((path) => execFileSync("mkfifo", [path])),
  "a socket": instead((path) => execFileSync("python3", ["-c", SOCKET, path])),
  "a link to nothing": instead((path) => symlinkSync("/no/such/place", path)),
  "a link to itself": instead((path) => symlinkSync(path, path)),
  "a device": instead((path) => symlinkSync("/dev/zero", path)),
  "a file of the kernel": instead((path) => symlinkSync("/proc/kmsg", path)),
  "from the future": version(99),
  "from nowhere": version(-1.5),
};
/** A socket's path may be of 107 bytes only. */
const SOCKET =
  "import os, socket, sys; os.chdir(os.path.dirname(sys.argv[1])); socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))";

/** What a link's target can be damaged to. */
const LINK_DAMAGES: Readonly<Record<string, Damage>> = Object.fromEntries(
  ["/", "x", "../../etc/passwd", "container", "pod  ", `container ${"x".repeat(3000)}`, "\x1b[31m"].map((target) => [
    `a link to ${JSON.stringify(target.slice(0, 20))}`,
    instead((path) => symlinkSync(target, path)),
  ]),
);

/** Commands that read, and then those that change: all that a person does with a machine's state. */
const READING = [
  ["ps", "-a"],
  ["inspect", "web"],
  ["inspect", "other"],
  ["volume", "ls"],
  ["volume", "inspect", "web-data"],
  ["network", "ls"],
  ["network", "inspect", "web-net"],
  ["pod", "ls"],
  ["pod", "inspect", "shop"],
] as const;
const CHANGING = [
  ["volume", "create", "new"],
  ["volume", "prune", "--force", "--all"],
  ["volume", "rm", "web-data"],
  ["network", "create", "new"],
  ["network", "rm", "web-net"],
  ["image", "prune", "--force"],
  ["rmi", "--ignore", "localhost/none:1"],
] as const;
const pulling = () => ["pull", "--quiet", `${registry.host}/app:a`];

/** The state's files by what is said of a damaged one: the words of the remedy. */
const FILES: readonly (readonly [path: string, remedy: string, says: readonly string[] | "pull"])[] = [
  [`run/berth/containers/${WEB}/record.json`, "restart its service", ["inspect", "web"]],
  [`var/lib/berth/volumes/web-data/volume.json`, "remove that file", ["volume", "inspect", "web-data"]],
  [`var/lib/berth/networks/web-net.json`, "remove that file", ["network", "inspect", "web-net"]],
  ["run/berth/pods/shop/pod.json", "restart its service", ["pod", "inspect", "shop"]],
  [`run/berth/network-setups/${WEB}.json`, "", []],
  [`run/berth/containers/${WEB}/config.json`, "next start", ["inspect", "web"]],
  [`run/berth/containers/${WEB}/pid`, "", []],
  [`run/berth/networks/web-net/leases/10.86.0.2`, "", []],
  [`run/berth/user-namespaces/${WEB}`, "", []],
  ["run/berth/makers/network-web-net", "", []],
  ["run/berth/names/web", "", []],
  ["run/berth/units/shop-pod.service", "", []],
  ["etc/berth/berth.conf", "", "pull"],
  ["auth.json", "", "pull"],
  ["config/containers/policy.json", "", "pull"],
  ["config/containers/registries.conf", "", "pull"],
];

let count = 0;
function damagedCopy(path: string, damage: Damage, withImages: boolean): string {
  const root = join(places, `${++count}`);
  const filter = (from: string) => withImages || !/berth\/(?:images|layers)$/.test(from);
  cpSync(sound, root, { recursive: true, verbatimSymlinks: true, filter });
  damage(join(root, path));
  return root;
}

describe.skipIf(!able)("a file of the state, damaged in any way", () => {
  test.each(FILES.map((row) => [row[0].replace(/[0-9a-f]{32}/, "ID"), ...row] as const))(
    "%s",
    async (_, path, remedy, asked) => {
      const isLink = lstatSync(join(sound, path)).isSymbolicLink();
      for (const [name, damage] of Object.entries(isLink ? { ...LINK_DAMAGES, ...INSTEAD } : DAMAGES)) {
        const root = damagedCopy(path, damage, asked === "pull");
        for (const words of asked === "pull" ? [pulling()] : READING) {
          const { failure, said } = await berth(root, words);
          if (words.join() === String(asked) && failure !== "") {
            if (/newer berth|^there is no network|^no (?:pod|container)/.test(failure)) continue;
            expect(failure, `${name}: ${words.join(" ")}`).toContain(join(root, path));
            expect(failure, `${name}: ${words.join(" ")}`).toContain(remedy);
          }
          if (asked === "pull" && failure !== "" && words[0] === "pull")
            expect(failure, name).toMatch(/berth\.conf|auth\.json|policy\.json|registries\.conf|https?:/);
          // What is beside it is shown all the same.
          if (words[0] === "inspect" && words[1] === "other") expect(failure, name).toBe("");
          if (words[1] === "ls") expect(said, name).toMatch(/other-|lab/);
        }
        for (const words of asked === "pull" ? [] : CHANGING) {
          const { failure } = await berth(root, words);
          if (words[1] === "create") expect(failure, `${name}: ${words.join(" ")}`).toBe("");
        }
        // A container and a pod that run are never taken for ended ones.
        expect(existsSync(containerPaths(systemScope(root), OTHER).bundle), name).toBe(true);
        expect(existsSync(podPaths(systemScope(root), "lab").directory), name).toBe(true);
        rmSync(root, { recursive: true });
      }
    },
    120_000,
  );
});

/** Damages that put something else in a file's place. */
const INSTEAD = Object.fromEntries(
  Object.entries(DAMAGES).filter(([name]) => /^a (?:folder|pipe|socket|device)/.test(name)),
);

test.skipIf(!able)(
  "a file of the image store with something else in its place keeps no command waiting, and a pull heals it",
  async () => {
    const store = "var/lib/berth";
    const [layer = ""] = readdirSync(join(sound, store, "layers"));
    const blobs = readdirSync(join(sound, store, "images/blobs/sha256")).map((name) => `images/blobs/sha256/${name}`);
    for (const path of ["images/index.json", "images/oci-layout", `layers/${layer}/layer.json`, ...blobs]) {
      for (const [name, damage] of Object.entries(INSTEAD)) {
        const root = damagedCopy(join(store, path), damage, true);
        for (const words of [["images"], ["verify"], ["image", "prune", "--force"]]) await berth(root, words);
        const pullBoth = async () => {
          const ends = [];
          for (const tag of ["a", "b"])
            ends.push(await berth(root, ["pull", "--quiet", `${registry.host}/app:${tag}`]));
          return ends.map(({ failure }) => failure).filter((failure) => failure !== "");
        };
        const failures = await pullBoth();
        // A rename does not replace a folder: a repair takes it out of the way.
        for (const failure of failures)
          expect([path, name, failure]).toEqual([path, "a folder", expect.stringContaining(path)]);
        expect([path, name, await berth(root, ["verify", "--repair"])]).toMatchObject([path, name, { failure: "" }]);
        expect([path, name, await pullBoth()]).toEqual([path, name, []]);
        expect([path, name, await berth(root, ["verify"])]).toMatchObject([path, name, { failure: "" }]);
        rmSync(root, { recursive: true });
      }
    }
  },
  120_000,
);
