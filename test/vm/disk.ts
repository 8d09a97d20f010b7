import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cachedFolder, debootstrap, hostRecipe, type Recipe, recipeKey, runHere, type Suite } from "../host/root.ts";

/** What boots a machine of a suite; only read: machines write to overlays of their own. */
export interface BootFiles {
  /** A raw disk with one ext4 file system and no partitions. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * The kernel for virtual machines, what finds its modules and devices, and the tools of ext4 and of the kernel's NFS
 * server.
 */
const PACKAGES: readonly string[] = [
  ...["linux-image-cloud-amd64", "initramfs-tools", "kmod", "udev", "e2fsprogs", "nfs-kernel-server"],
];

/** What the disk seems to hold; the file has holes where nothing was written. */
const DISK_SIZE = "6G";

function vmRecipe(suite: Suite): Recipe {
  const host = hostRecipe(suite);
  const setup = join(import.meta.dir, "disk-setup.sh");
  return {
    suite,
    packages: [...host.packages, ...PACKAGES],
    options: [`--essential-hook=sh ${setup} before "$1"`, ...host.options, `--customize-hook=sh ${setup} after "$1"`],
    files: [...host.files, setup, join(import.meta.dir, "agent.pl")],
  };
}

/**
 * The disk, kernel and initrd of a suite: the host lane's Debian with a kernel, made the first time (about a minute).
 */
export async function bootFiles(suite: Suite): Promise<BootFiles> {
  const recipe = vmRecipe(suite);
  const folder = await cachedFolder("disks", `${suite}-${await recipeKey(recipe)}`, async (at) => {
    process.stderr.write(`making a Debian ${suite} disk (once) …\n`);
    await mkdir(at, { recursive: true });
    const root = join(at, "root");
    await debootstrap(recipe, root);
    const boot = await readdir(join(root, "boot"));
    for (const name of ["vmlinuz", "test-initrd.img"]) {
      const found = boot.find((file) => file.startsWith(name));
      if (found === undefined) throw new Error(`the ${suite} disk has no ${name} in /boot`);
      await rename(join(root, "boot", found), join(at, name));
    }
    // Filled by mkfs itself, so no loop device is needed.
    await runHere(["mkfs.ext4", "-q", "-d", root, join(at, "disk.raw"), DISK_SIZE]);
    await rm(root, { recursive: true });
  });
  return { disk: join(folder, "disk.raw"), kernel: join(folder, "vmlinuz"), initrd: join(folder, "test-initrd.img") };
}
