import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { bootHost } from "../host.ts";
import type { Machine } from "../machine.ts";
import { REGISTRY_DATA, sampleData, startRegistry } from "../registry.ts";
import { cacheDir, cachedFolder, debootstrap, runHere } from "../root.ts";

const IMAGES = join(import.meta.dir, "images");
const UNITS = join(import.meta.dir, "units");

/** What the images are made of: Debian's packages, unpacked only. */
const PACKAGES: readonly string[] = ["postgresql-15", "redis-server", "redis-tools"];

/**
 * The folder of a docker-registry's data with the sample images and those of the stack (images/build.sh). They are made
 * once and kept until their recipe changes.
 */
export async function stackData(): Promise<string> {
  const samples = await sampleData();
  const hash = createHash("sha256").update(basename(samples)).update(PACKAGES.join());
  for (const file of (await readdir(IMAGES)).sort()) hash.update(await readFile(join(IMAGES, file)));
  return cachedFolder("registry", `stack-${hash.digest("hex").slice(0, 12)}`, async (at) => {
    process.stderr.write("making the images of the stack (once) …\n");
    const work = await mkdtemp(join(cacheDir(), "stack-"));
    try {
      const options = ["--variant=extract", "--dpkgopt=path-exclude=/usr/share/doc/*"];
      await debootstrap({ suite: "bookworm", packages: PACKAGES, options, files: [] }, join(work, "debian"));
      await runHere(["bash", join(IMAGES, "pick.sh"), join(work, "debian"), join(work, "trees")]);
      await using host = await bootHost({ suite: "bookworm", berth: false, storage: "disk" });
      await startRegistry(host);
      await host.ok(["mkdir", "/root/images"]);
      for (const from of [`${IMAGES}/.`, join(work, "trees")]) {
        await runHere(["cp", "-a", from, host.path("/root/images")]);
      }
      await host.ok(["bash", "/root/images/build.sh", "/root/images"], { timeout: 300_000 });
      await mkdir(at);
      await runHere(["cp", "-a", `${host.path(REGISTRY_DATA)}/.`, at]);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

/** Where the files of one scope are. */
const FOLDERS = {
  system: { quadlet: "/etc/containers/systemd", systemd: "/etc/systemd/system" },
  user: { quadlet: "/home/alice/.config/containers/systemd", systemd: "/home/alice/.config/systemd/user" },
} as const;

/**
 * Puts the stack's files where the system's manager, or alice's, finds them. The manager has to be reloaded after that.
 */
export async function installStack(machine: Pick<Machine, "write" | "ok">, scope: "system" | "user"): Promise<void> {
  const { quadlet, systemd } = FOLDERS[scope];
  for (const name of await readdir(UNITS)) {
    await machine.write(join(name.endsWith(".target") ? systemd : quadlet, name), await readFile(join(UNITS, name)));
  }
  if (scope === "user") await machine.ok(["chown", "-R", "alice:alice", "/home/alice"]);
}
