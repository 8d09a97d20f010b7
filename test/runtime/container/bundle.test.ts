import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRequest } from "../../../src/options/requests/run-request.ts";
import type { RuntimeSpec } from "../../../src/runtime/spec/runtime-spec.ts";
import { systemScope } from "../../../src/scope.ts";
import { containerPaths } from "../../../src/state/paths.ts";
import { ID } from "../start.ts";

/** A root file system is mounted, which is root's to do. */
const rootTest = process.getuid?.() === 0 ? test : test.skip;

/** Writes the bundle in a mount namespace of its own, and prints config.json and what the root shows. */
const WRITER = `
  const [source, root, layer, given] = process.argv.slice(1);
  const load = (name) => import(source + "/" + name + ".ts");
  const { systemScope } = await load("src/scope");
  const { writeBundle } = await load("src/runtime/container/bundle");
  const { startOf } = await load("test/runtime/start");
  const { mkdirSync, readFileSync, readlinkSync, writeFileSync } = await import("node:fs");
  const request = { unit: undefined, seccomp: "unconfined", network: { mode: "none" }, ...JSON.parse(given) };
  const start = startOf(systemScope(root), request, { layers: [layer] });
  mkdirSync(start.paths.bundle, { recursive: true, mode: 0o700 });
  const sockets = writeBundle(start, undefined);
  const passwd = readFileSync(start.paths.rootfs + "/etc/passwd", "utf8");
  const own = (name) => JSON.parse(readFileSync(start.paths.config, "utf8")).mounts.findLast((mount) => mount.destination === name).source;
  const [hosts, hostname] = [own("/etc/hosts"), own("/etc/hostname")].map((path) => readFileSync(path, "utf8"));
  let fills = "";
  try { writeFileSync(own("/run/.containerenv"), Buffer.alloc(20 << 20)); } catch ({ code }) { fills = code; }
  console.log(JSON.stringify({ sockets, passwd, hosts, hostname, fills, mtab: readlinkSync(start.paths.rootfs + "/etc/mtab") }));`;

let root: string;
let layer: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-bundle-"));
  layer = join(root, "layer");
  mkdirSync(join(layer, "etc"), { recursive: true });
  writeFileSync(join(layer, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(layer, "entry"), "#!/entry\n");
  chmodSync(join(layer, "entry"), 0o755);
});
afterEach(() => rmSync(root, { recursive: true }));

interface Written {
  readonly spec: RuntimeSpec;
  readonly shown: Readonly<Record<"passwd" | "hosts" | "hostname" | "fills" | "mtab", string>> & {
    readonly sockets: number;
  };
}

async function write(given: Partial<RunRequest> = {}): Promise<Written> {
  const words = [process.execPath, "-e", WRITER, join(import.meta.dir, "../../.."), root, layer];
  const child = Bun.spawn([...words, JSON.stringify(given)], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(err).toBe("");
  const { config } = containerPaths(systemScope(root), ID);
  return { spec: JSON.parse(readFileSync(config, "utf8")), shown: JSON.parse(out) };
}

describe("a bundle", () => {
  rootTest("has the image's root with what berth adds, and leaves the layer as it was", async () => {
    const { shown } = await write({ user: "1234:5678" });
    expect(shown.sockets).toBe(0);
    expect(shown.mtab).toBe("/proc/mounts");
    expect(shown.passwd).toContain("root:x:0:0:");
    expect(shown.passwd).toMatch(/^[^:]+:[^:]*:1234:5678:/m);
    expect(readFileSync(join(layer, "etc/passwd"), "utf8")).toBe("root:x:0:0:root:/root:/bin/sh\n");
  });

  rootTest("has a config.json for its owner alone, with the files beside it as mounts", async () => {
    const { spec, shown } = await write({ hostname: "box", user: "1234", env: ["A=1"] });
    const { bundle, config, rootfs } = containerPaths(systemScope(root), ID);
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(spec.root.path).toBe(rootfs);
    expect(spec.hostname).toBe("box");
    expect(spec.process.user.uid).toBe(1234);
    expect(spec.process.env).toEqual(expect.arrayContaining(["A=1", "HOSTNAME=box"]));
    const sources = spec.mounts.filter(({ source }) => source.startsWith(bundle)).map(({ source }) => source);
    expect(sources).toEqual(expect.arrayContaining([join(bundle, "files/hosts"), join(bundle, "files/hostname")]));
    expect(shown.hosts).toContain("127.0.0.1");
    expect(shown.hostname).toBe("box\n");
    // What containers that join its network get, and no payload writes to.
    expect(readFileSync(join(bundle, "hosts"), "utf8")).toBe(shown.hosts);
  });

  rootTest("has files of its own that a payload cannot fill the host's memory by", async () => {
    const { shown } = await write();
    expect(shown.fills).toBe("ENOSPC");
    const { bundle } = containerPaths(systemScope(root), ID);
    expect(readdirSync(join(bundle, "files"))).toEqual([]);
  });

  rootTest("has the user's mount in place of berth's own", async () => {
    const mounts: RunRequest["mounts"] = [
      { type: "bind", source: join(layer, "etc/passwd"), target: "/etc/hosts", options: [] },
    ];
    const { spec } = await write({ mounts });
    const hosts = spec.mounts.filter(({ destination }) => destination === "/etc/hosts");
    expect(hosts.map(({ source }) => source)).toEqual([join(layer, "etc/passwd")]);
  });
});
