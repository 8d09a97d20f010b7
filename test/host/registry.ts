import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bootHost, type Host, until } from "./host.ts";
import { cacheDir, removeUnused, runHere } from "./root.ts";

/** The sample images: what is in them stands at the top of images/build.sh. */
export type SampleImage = `${"app" | "httpd" | "nginx" | "tools"}:1` | `layers:${"1" | "zstd" | "docker" | "umoci"}`;

/** Where the registry of a host listens, in the host. */
export const REGISTRY = "127.0.0.1:5000";

/** The full name of a sample image in the registry of a host. */
export function sample(image: SampleImage): string {
  return `${REGISTRY}/${image}`;
}

const DATA = "/var/lib/docker-registry";
const CONFIG = `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${DATA} }, delete: { enabled: true } }
http: { addr: ${REGISTRY} }
`;

/** Starts Debian's docker-registry in the host, empty or with the data in a folder of this machine. */
async function startDockerRegistry(host: Host, data?: string): Promise<void> {
  await host.write("/etc/docker/registry/test.yml", CONFIG);
  await host.ok(["rm", "-rf", DATA]);
  await host.ok(["mkdir", "-p", DATA]);
  if (data !== undefined) await runHere(["cp", "-a", `${data}/.`, host.path(DATA)]);
  const command = ["docker-registry", "serve", "/etc/docker/registry/test.yml"];
  await host.ok(["systemd-run", "--quiet", "--unit=test-registry", "--collect", ...command]);
  await until("the registry to answer", async () => {
    return (await host.run(["curl", "-sf", `http://${REGISTRY}/v2/`])).exitCode === 0;
  });
}

/**
 * The folder of a docker-registry's data with all sample images. They are made once, by buildah, umoci and skopeo in a
 * host of their own, and kept until their recipe changes.
 */
async function sampleData(): Promise<string> {
  const recipe = join(import.meta.dir, "images");
  const hash = createHash("sha256");
  for (const file of (await readdir(recipe)).sort()) hash.update(await readFile(join(recipe, file)));
  const data = join(cacheDir(), "registry", hash.digest("hex").slice(0, 12));
  if (existsSync(data)) {
    await utimes(data, new Date(), new Date());
    return data;
  }
  await removeUnused(dirname(data));
  process.stderr.write("making the sample images (once) …\n");
  await using host = await bootHost({ suite: "bookworm", berth: false });
  await startDockerRegistry(host);
  await host.ok(["mkdir", "/root/images"]);
  await runHere(["cp", "-a", `${recipe}/.`, host.path("/root/images")]);
  await host.ok(["bash", "/root/images/build.sh", "/root/images"], { timeout: 300_000 });
  const unfinished = `${data}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await runHere(["cp", "-a", `${host.path(DATA)}/.`, unfinished]);
  await rename(unfinished, data).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(data)) throw error;
  });
  return data;
}

/** Starts a registry at `REGISTRY` in the host that holds the sample images. */
export async function startRegistry(host: Host): Promise<void> {
  await startDockerRegistry(host, await sampleData());
  // What podman, buildah and skopeo in the host need to be told to speak HTTP to it; berth does so by itself.
  await host.write(
    "/etc/containers/registries.conf.d/test.conf",
    `[[registry]]\nlocation = "${REGISTRY}"\ninsecure = true\n`,
  );
}
