import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bootHost, type Host, until } from "./host.ts";
import { cachedFolder, runHere } from "./root.ts";

/** The sample images: what is in them stands at the top of images/build.sh. */
export type SampleImage = `${"app" | "httpd" | "nginx" | "tools"}:1` | `layers:${"1" | "zstd" | "docker" | "umoci"}`;

/** Where the registry of a host listens, in the host. */
export const REGISTRY = "127.0.0.1:5000";

/** The full name of a sample image in the registry of a host. */
export function sample(image: SampleImage): string {
  return `${REGISTRY}/${image}`;
}

/** Where the registry of a machine keeps its data. */
export const REGISTRY_DATA = "/var/lib/docker-registry";
/** How it is run … */
export const REGISTRY_COMMAND: readonly string[] = ["docker-registry", "serve", "/etc/docker/registry/test.yml"];
/** … and what the file of its command says. */
export const REGISTRY_CONFIG = `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${REGISTRY_DATA} }, delete: { enabled: true } }
http: { addr: ${REGISTRY} }
`;

/** Starts Debian's docker-registry in the host, empty or with the data in a folder of this machine. */
async function startDockerRegistry(host: Host, data?: string): Promise<void> {
  await host.write("/etc/docker/registry/test.yml", REGISTRY_CONFIG);
  await host.ok(["rm", "-rf", REGISTRY_DATA]);
  await host.ok(["mkdir", "-p", REGISTRY_DATA]);
  if (data !== undefined) await runHere(["cp", "-a", `${data}/.`, host.path(REGISTRY_DATA)]);
  await host.ok(["systemd-run", "--quiet", "--unit=test-registry", "--collect", ...REGISTRY_COMMAND]);
  await until("the registry to answer", async () => {
    return (await host.run(["curl", "-sf", `http://${REGISTRY}/v2/`])).exitCode === 0;
  });
}

/**
 * The folder of a docker-registry's data with all sample images. They are made once, by buildah, umoci and skopeo in a
 * host of their own, and kept until their recipe changes.
 */
export async function sampleData(): Promise<string> {
  const recipe = join(import.meta.dir, "images");
  const hash = createHash("sha256");
  for (const file of (await readdir(recipe)).sort()) hash.update(await readFile(join(recipe, file)));
  return cachedFolder("registry", hash.digest("hex").slice(0, 12), async (at) => {
    process.stderr.write("making the sample images (once) …\n");
    await using host = await bootHost({ suite: "bookworm", berth: false });
    await startDockerRegistry(host);
    await host.ok(["mkdir", "/root/images"]);
    await runHere(["cp", "-a", `${recipe}/.`, host.path("/root/images")]);
    await host.ok(["bash", "/root/images/build.sh", "/root/images"], { timeout: 300_000 });
    await mkdir(at);
    await runHere(["cp", "-a", `${host.path(REGISTRY_DATA)}/.`, at]);
  });
}

/** Starts a registry at `REGISTRY` in the host, with the sample images or with the data in a folder of this machine. */
export async function startRegistry(host: Host, data?: string): Promise<void> {
  await startDockerRegistry(host, data ?? (await sampleData()));
  // What podman, buildah and skopeo in the host need to be told to speak HTTP to it; berth does so by itself.
  await host.write(
    "/etc/containers/registries.conf.d/test.conf",
    `[[registry]]\nlocation = "${REGISTRY}"\ninsecure = true\n`,
  );
}
