import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatBytes } from "../../../src/cli/output/format-bytes.ts";
import { describeEvent } from "../../../src/cli/output/image-progress.ts";
import type { Digest } from "../../../src/image/document/digest.ts";
import { Layout } from "../../image/support/layout.ts";
import { OCI_MANIFEST, TestRegistry } from "../../image/support/registry.ts";
import { dir, file, sha256, tar } from "../../image/support/tar.ts";

// Each test executes berth several times, which takes its time on a busy machine.
setDefaultTimeout(60_000);

const root = process.getuid?.() === 0;
if (!root) console.warn("test/cli/images.test.ts: skipped in part, it mounts: run as root");

const main = join(import.meta.dir, "../../../src/main.ts");
let varLib: string;
let registry: TestRegistry;
beforeAll(async () => {
  varLib = mkdtempSync(join(tmpdir(), "berth-cli-"));
  registry = new TestRegistry();
  await registry.start();
});
afterAll(async () => {
  await registry.stop();
  rmSync(varLib, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs berth with a /var/lib of its own. */
async function berth(words: readonly string[], input?: Buffer): Promise<Outcome> {
  const script = 'mount --bind "$1" /var/lib && shift && exec "$@"';
  const child = spawn("unshare", ["--mount", "sh", "-ec", script, "sh", varLib, process.execPath, main, ...words]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdin.on("error", () => {}); // It may end without reading all.
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

const LAYER = tar([dir("etc"), file("etc/a", "1")]);

describe.skipIf(!root)("the image commands", () => {
  test("pull prints the ID alone on stdout, and what it does on stderr", async () => {
    const { configDigest, layerDigests } = registry.putImage("1", { layers: [LAYER] });
    const { code, out, err } = await berth(["pull", `${registry.host}/app:1`]);
    expect({ code, out }).toEqual({ code: 0, out: `${configDigest.slice(7)}\n` });
    expect(err).toBe(
      `${registry.host}/app:1: 1 layer\nlayer ${layerDigests[0]?.slice(7, 19)}: ${formatBytes(registry.blobs.get(layerDigests[0] ?? "")?.length ?? 0)} done\n`,
    );
    expect(await berth(["pull", "--quiet", "--policy", "missing", `${registry.host}/app:1`])).toEqual({
      code: 0,
      out,
      err: "",
    });
  });

  test("images shows it as a table, as JSON and as IDs", async () => {
    const table = await berth(["images"]);
    expect(table.out).toMatch(
      new RegExp(`^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\\n${registry.host}/app +1 +[0-9a-f]{12} `),
    );
    const [image] = JSON.parse((await berth(["images", "--format", "json"])).out);
    expect(image).toMatchObject({ Names: [`${registry.host}/app:1`], Os: "linux" });
    expect((await berth(["images", "-q"])).out).toBe(`${image.Id.slice(0, 12)}\n`);
    expect((await berth(["image", "list", "-q", "--no-trunc"])).out).toBe(`${image.Id}\n`);
    expect((await berth(["images", "--digests"])).out).toContain(image.Digest);
    const [inspected] = JSON.parse((await berth(["image", "inspect", image.Id])).out);
    expect(inspected).toMatchObject({ Id: image.Id, RootFS: { Layers: [sha256(LAYER)] } });
  });

  test("images takes templates and filters as podman does", async () => {
    const shown = async (...words: string[]) => (await berth(["images", ...words])).out;
    expect(await shown("--format", "{{.Repository}} {{.Tag}}")).toBe(`${registry.host}/app 1\n`);
    expect(await shown("--format", "table {{.Tag}}\\t{{.ID}}")).toMatch(/^TAG {2}IMAGE ID\n1 {4}[0-9a-f]{12}\n$/);
    expect(JSON.parse(await shown("--format", "{{json .}}"))).toMatchObject({ Names: [`${registry.host}/app:1`] });
    expect(await shown("-q", "--filter", "dangling=true")).toBe("");
    expect(await shown("-q", "--filter", "reference=app", "--filter", "dangling=false")).not.toBe("");
    expect(await shown("-q", "--filter", "reference=ap")).toBe("");
    const wrong = await berth(["images", "--format", "table {{.Nmaes}}"]);
    expect(wrong).toEqual({
      code: 125,
      out: "",
      err: 'berth: error: --format table {{.Nmaes}}: unknown field "Nmaes" (did you mean "Names"?)\n',
    });
    expect((await berth(["image", "inspect", "--format", "{{.Os}} {{len .RootFS.Layers}}", "app:1"])).code).toBe(125);
    const inspect = ["image", "inspect", "--format", "{{.Os}} {{len .RootFS.Layers}}", `${registry.host}/app:1`];
    expect((await berth(inspect)).out).toBe("linux 1\n");
  });

  test("exists answers by its exit code", async () => {
    const outcome = async (...words: string[]) => berth([...words]);
    expect(await outcome("image", "exists", `${registry.host}/app:1`)).toEqual({ code: 0, out: "", err: "" });
    expect(await outcome("image", "exists", `${registry.host}/app:2`)).toEqual({ code: 1, out: "", err: "" });
    expect((await outcome("image", "exists", "Bad Name")).code).toBe(125);
    await berth(["volume", "create", "data"]);
    expect((await outcome("volume", "exists", "data")).code).toBe(0);
    expect((await outcome("volume", "exists", "dat")).code).toBe(1);
    expect((await outcome("network", "exists", "berth")).code).toBe(0);
    expect((await outcome("network", "exists", "none-such")).code).toBe(1);
    expect((await outcome("pod", "exists", "none-such")).code).toBe(1);
    expect((await outcome("pod", "exists")).code).toBe(125);
  });

  test("image prune takes images without a name, with --all those with one", async () => {
    registry.putImage("moving", { layers: [tar([file("old", "1")])] });
    await berth(["pull", "-q", `${registry.host}/app:moving`]);
    const old = (await berth(["images", "-q", "--no-trunc", `${registry.host}/app:moving`])).out;
    registry.putImage("moving", { layers: [tar([file("new", "2")])] });
    await berth(["pull", "-q", `${registry.host}/app:moving`]);
    expect((await berth(["images", "--format", "{{.Repository}}", "-f", "dangling=true"])).out).toBe("<none>\n");
    expect((await berth(["image", "prune"])).err).toContain("nobody can be asked: give --force to remove images");
    expect(await berth(["image", "prune", "--force"])).toEqual({ code: 0, out: old, err: "" });
    expect((await berth(["image", "prune", "-f"])).out).toBe("");
    expect(await berth(["image", "prune", "-f", "--filter", "dangling=false"])).toEqual({ code: 0, out: "", err: "" });
    const filter = ["--filter", "reference=app:moving"];
    expect((await berth(["image", "prune", "-af", ...filter])).out).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await berth(["images", "--format", "{{.Tag}}"])).out).toBe("1\n");
    expect((await berth(["verify"])).code).toBe(0);
  });

  test("load takes an archive from standard input or a file", async () => {
    const config = JSON.stringify({ os: "linux", rootfs: { type: "layers", diff_ids: [sha256(LAYER)] } });
    const manifest = JSON.stringify([{ Config: "c", RepoTags: ["loaded:2"], Layers: ["l"] }]);
    const archive = tar([file("c", config), file("l", LAYER), file("manifest.json", manifest)]);
    const loaded = await berth(["load", "-q"], archive);
    expect(loaded).toEqual({ code: 0, out: "Loaded image: localhost/loaded:2\n", err: "" });
    writeFileSync(join(varLib, "archive.tar"), archive);
    expect((await berth(["load", "-q", "-i", join(varLib, "archive.tar")])).out).toBe(loaded.out);
    const missing = await berth(["load", "-i", "/nowhere/archive.tar"]);
    expect(missing.code).toBe(125);
    expect(missing.err).toContain("load /nowhere/archive.tar: ENOENT");
  });

  test("what a registry writes cannot move the cursor or begin another line", async () => {
    const mediaType = "\x1b[2J\u009b1m\u202eodd\r\nberth: all is well";
    const layer = { mediaType, digest: sha256("x"), size: 1 };
    registry.putImage("odd", { layers: [], manifest: (manifest) => ({ ...manifest, layers: [layer] }) });
    const { code, err } = await berth(["pull", "-q", `${registry.host}/app:odd`]);
    expect(code).toBe(125);
    expect(err).toEndWith("media type \\x1b[2J\\x9b1m\\u202eodd berth: all is well is not supported\n");
    expect(err.split("\n")).toHaveLength(2);
  });

  test("failures end with 125 and one line that tells the whole way down", async () => {
    const { code, out, err } = await berth(["pull", `${registry.host}/app:none`]);
    expect({ code, out }).toEqual({ code: 125, out: "" });
    expect(err).toBe(
      `berth: error: pull ${registry.host}/app:none: ${registry.host}/app manifests/none: HTTP 404: manifest unknown\n`,
    );
    for (const words of [
      ["pull", "Bad Name"],
      ["pull", "--creds", "nocolon", "x"],
      ["pull", "--tls-verify=perhaps", "x"],
    ]) {
      expect((await berth(words)).code).toBe(125);
    }
    // podman's own: no such image.
    expect((await berth(["rmi", "none"])).code).toBe(1);
    expect(await berth(["rmi", "--ignore", "none"])).toEqual({ code: 0, out: "", err: "" });
  });

  test("verify ends with 1 when something is wrong, and rmi takes images away", async () => {
    expect(await berth(["verify"])).toEqual({ code: 0, out: "The store is sound.\n", err: "" });
    const tree = join(varLib, "berth/layers", sha256(LAYER).slice(7), "tree/etc/a");
    appendFileSync(tree, "more");
    const broken = await berth(["verify"]);
    expect(broken.code).toBe(1);
    expect(broken.err).toContain(`layer ${sha256(LAYER).slice(7)}: 5 bytes where 1 were unpacked`);
    // What can be removed is, whatever else is on the command line.
    const removed = await berth(["rmi", "none", `${registry.host}/app:1`, "Bad Name", "loaded:2"]);
    expect(removed.code).toBe(1);
    expect(removed.err).toMatch(/^berth: error: image none is not in the store; .*Bad Name.*\n$/);
    expect(removed.out).toMatch(
      /^Untagged: .*app:1\nDeleted: [0-9a-f]{64}\nUntagged: .*loaded:2\nDeleted: [0-9a-f]{64}\n$/,
    );
    expect(readdirSync(join(varLib, "berth/layers"))).toEqual([]);
  });

  test("an index and an artifact that another tool has put into the store are in the way of nothing", async () => {
    const layout = new Layout(join(varLib, "berth/images"));
    const foreign = { os: "linux", architecture: process.arch === "s390x" ? "amd64" : "s390x", variant: "" };
    layout.name(layout.index([layout.image(LAYER), layout.image(tar([file("x")]), foreign)]), "localhost/index:1");
    layout.name(layout.index([layout.image(tar([file("x")]), foreign)]), "localhost/foreign:1");
    layout.name(layout.artifact("chart"), "localhost/chart:1");
    const rows = await berth(["images", "--format", "{{.Repository}}:{{.Tag}} {{.Os}}"]);
    expect(rows).toEqual({ code: 0, out: "localhost/index:1 linux\nlocalhost/foreign:1 \n", err: "" });
    const shown = JSON.parse((await berth(["images", "--format", "json"])).out);
    expect(shown.map(({ IsManifestList }: { IsManifestList?: boolean }) => IsManifestList)).toEqual([undefined, true]);
    expect((await berth(["verify"])).code).toBe(0);
    expect((await berth(["image", "inspect", "-f", "{{.Os}}", "index:1"])).out).toBe("linux\n");
    for (const words of [["image", "inspect"], ["run"]]) {
      const chart = await berth([...words, "localhost/chart:1"]);
      expect([chart.code, chart.err]).toEqual([
        125,
        expect.stringContaining("it is an artifact (application/vnd.example"),
      ]);
    }
    expect((await berth(["run", "--pull", "never", "localhost/foreign:1"])).err).toContain("it is an index");
    expect((await berth(["image", "exists", "localhost/chart:1"])).code).toBe(1);
    expect(await berth(["image", "prune", "-f"])).toEqual({ code: 0, out: "", err: "" });
    const chart = layout.manifests[2] as { digest: string };
    writeFileSync(join(layout.folder, "blobs/sha256", chart.digest.slice(7)), "{");
    const damaged = await berth(["images", "-q"]);
    expect([damaged.code, damaged.out.split("\n").length]).toEqual([0, 3]);
    expect(damaged.err).toContain("berth: warning: ");
    for (const name of ["index", "foreign", "chart"]) {
      const { code, out } = await berth(["rmi", `localhost/${name}:1`]);
      expect([code, out]).toEqual([0, expect.stringContaining(`Untagged: localhost/${name}:1\nDeleted: `)]);
    }
    expect(await berth(["verify"])).toEqual({ code: 0, out: "The store is sound.\n", err: "" });
    expect(readdirSync(join(layout.folder, "blobs/sha256"))).toEqual([]);
  });

  test("names and documents of another tool cannot move the cursor or begin another line", async () => {
    const layout = new Layout(join(varLib, "berth/images"));
    const odd = "\x1b[2Jodd\nberth: all is well";
    layout.name(layout.image(LAYER), odd);
    layout.name(layout.putJson({ schemaVersion: 2, mediaType: odd, layers: [] }, OCI_MANIFEST), "localhost/bad:1");
    const plain = "\\x1b[2Jodd berth: all is well";
    for (const words of [["images"], ["verify"]]) {
      const { err } = await berth(words);
      expect(err).toContain(`says that it is ${plain}`);
      expect(err.split("\n")).toHaveLength(2);
    }
    expect((await berth(["images"])).out).toContain(plain);
    expect((await berth(["rmi", odd])).out).toStartWith(`Untagged: ${plain}\nDeleted: `);
    expect((await berth(["rmi", "localhost/bad:1"])).code).toBe(0);
  });

  test("SIGTERM stops a pull, and nothing of it is left", async () => {
    registry.putImage("slow", { layers: [tar([file("b", Buffer.alloc(100_000, 7))])], compress: (bytes) => bytes });
    const asked = new Promise<void>((resolve) => {
      registry.intercept = (request) => {
        if (!request.url?.includes("/blobs/")) return false;
        resolve();
        return true; // and never answers
      };
    });
    const script = 'mount --bind "$1" /var/lib && shift && exec "$@"';
    const words = [
      "--mount",
      "sh",
      "-ec",
      script,
      "sh",
      varLib,
      process.execPath,
      main,
      "pull",
      `${registry.host}/app:slow`,
    ];
    const child = spawn("unshare", words, { stdio: ["ignore", "ignore", "pipe"] });
    let err = "";
    child.stderr.on("data", (chunk) => (err += chunk));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    await asked;
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(err).toContain("interrupted by SIGTERM");
    expect(readdirSync(join(varLib, "berth/tmp"))).toEqual([]);
    registry.intercept = () => false;
  });
});

test("sizes are short", () => {
  const shown = [0, 999, 1000, 4100, 99_400, 999_499, 999_500, 183_000_000, 5e12, 5e15].map(formatBytes);
  expect(shown).toEqual(["0 B", "999 B", "1 kB", "4.1 kB", "99.4 kB", "999 kB", "1 MB", "183 MB", "5 TB", "5000 TB"]);
});

test("a retry says why and when", () => {
  expect(describeEvent({ kind: "retry", what: "manifest", reason: "HTTP 503", delayMs: 1500 })).toBe(
    "manifest: HTTP 503; trying again in 1.5 s",
  );
  expect(describeEvent({ kind: "layer-bytes", digest: "sha256:x" as Digest, received: 1, size: 2 })).toBeUndefined();
});
