import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OCI_MANIFEST, TestRegistry } from "../../image/support/registry.ts";
import { listTree } from "../../image/support/scratch.ts";
import { file, tar } from "../../image/support/tar.ts";

const able = process.getuid?.() === 0 && existsSync("/usr/bin/script");
if (!able) console.warn("test/cli/image/interrupted-pull.test.ts: skipped, run as root, with script(1)");

const main = join(import.meta.dir, "../../../src/main.ts");
/** The first layer is complete, and of the second one a bar is drawn. */
const PRESSED_AT = /, done\r\n[^\n]* \/ 4/;

let registry: TestRegistry;
let top: string;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "berth-interrupted-"));
  registry = new TestRegistry();
  await registry.start();
  const { layerDigests } = registry.putImage("1", {
    layers: [tar([file("a", "1")]), tar([file("b", Buffer.alloc(400_000, "b"))])],
    compress: (bytes) => bytes,
    layerType: "application/vnd.oci.image.layer.v1.tar",
    manifest: (manifest) => ({ ...manifest, mediaType: OCI_MANIFEST }),
  });
  // The second layer never comes to its end.
  registry.intercept = ({ url = "" }, response) => {
    if (!url.endsWith(layerDigests[1] ?? "")) return false;
    const bytes = registry.blobs.get(layerDigests[1] ?? "") ?? Buffer.alloc(0);
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, 200_000));
    return true;
  };
});
afterAll(async () => {
  await registry.stop();
  rmSync(top, { recursive: true, force: true });
});

/** Runs berth on a terminal, with /var/lib and /run below a folder of the test's, and presses Ctrl-C in the pull. */
async function interrupted(name: string, words: readonly string[]): Promise<{ exitCode: number; shown: string }> {
  const state = join(top, name);
  for (const folder of ["lib", "run"]) mkdirSync(join(state, folder), { recursive: true });
  const mounts = 'mount --bind "$1/lib" /var/lib && mount --bind "$1/run" /run && shift && exec "$@"';
  const terminal = ["script", "--quiet", "--return", "--flush", "--command"];
  const command = [process.execPath, main, ...words].join(" ");
  const argv = ["--mount", "sh", "-ec", mounts, "sh", state, ...terminal, command, "/dev/null"];
  const child = spawn("unshare", argv, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, TERM: "xterm" } });
  let shown = "";
  child.stdout.on("data", (bytes) => {
    const before = PRESSED_AT.test(shown);
    shown += bytes;
    if (!before && PRESSED_AT.test(shown)) child.stdin.write("\x03");
  });
  const exitCode = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  return { exitCode, shown };
}

for (const command of ["pull", "run"]) {
  test.skipIf(!able)(`Ctrl-C in the pull of berth ${command} ends it with 130, and leaves no work behind`, async () => {
    const { exitCode, shown } = await interrupted(command, [command, `${registry.host}/app:1`]);
    expect(shown.trimEnd().split("\r\n").at(-1)).toBe(
      "berth: error: interrupted by SIGINT; layers that were complete are kept",
    );
    expect(exitCode).toBe(130);
    const state = join(top, command, "lib/berth");
    expect(listTree(join(state, "tmp")).filter((path) => path !== "")).toEqual([]);
    expect(listTree(join(state, "layers")).some((path) => path.endsWith("/a"))).toBe(true);
  });
}
