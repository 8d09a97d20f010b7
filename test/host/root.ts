import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The Debian releases that berth is tested on. */
export type Suite = "bookworm" | "trixie";

/** The systemd version that each suite brings. */
export const SYSTEMD_VERSION: Readonly<Record<Suite, number>> = { bookworm: 252, trixie: 257 };

export const SUITES: readonly Suite[] = ["bookworm", "trixie"];

/** systemd and what its units need, then what berth runs on, then the peers that berth is compared with. */
const PACKAGES: readonly string[] = [
  ...["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "procps", "iproute2", "util-linux"],
  ...["runc", "crun", "netavark", "aardvark-dns", "iptables", "nftables", "catatonit", "passt", "uidmap"],
  ...["golang-github-containers-common", "ca-certificates", "curl", "perl-base", "busybox-static", "nginx-light"],
  ...["docker-registry", "skopeo", "buildah", "umoci", "attr", "libcap2-bin", "strace", "apache2-utils", "tzdata"],
];
const PACKAGES_OF_SUITE: Readonly<Record<Suite, readonly string[]>> = { bookworm: [], trixie: ["podman"] };

const WEEK = 7 * 24 * 3600 * 1000;

/** Where roots, sample images and running hosts' files are kept, also over fresh clones of the project. */
export function cacheDir(): string {
  const base = process.env.BERTH_TEST_CACHE;
  if (base) return base;
  return join(process.env.XDG_CACHE_HOME || "/var/cache", "berth-test");
}

/** Runs a command on this machine to its end; throws with its stderr when it fails. */
export async function runHere(argv: readonly string[], input?: string): Promise<string> {
  const child = Bun.spawn([...argv], {
    stdin: input === undefined ? "ignore" : new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${argv[0]}: exit code ${code}: ${err.trim().slice(-2000)}`);
  return out;
}

/** The archive that this machine installs Debian packages from, and the apt options that reach it (proxies). */
async function aptArchive(): Promise<{ uri: string; options: string[] }> {
  const targets = await runHere([
    "apt-get",
    "indextargets",
    "--format",
    "$(REPO_URI) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  const uri = targets
    .split("\n")
    .map((line) => line.split(" "))
    .find(([at, component]) => component === "main" && at !== undefined && !at.includes("security"))?.[0];
  if (!uri) throw new Error("this machine has no apt source for Debian's main component");
  const trees = ["Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until", "Acquire::Check-Date"];
  const dump = await runHere(["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', ...trees]);
  return { uri, options: dump.split("\n").filter((line) => line !== "") };
}

/** What a Debian tree is made of, for making it and for knowing whether a kept one is still the same. */
export interface Recipe {
  readonly suite: Suite;
  readonly packages: readonly string[];
  /** Options of mmdebstrap, hooks mostly; in a hook "$1" is the new root. */
  readonly options: readonly string[];
  /** The files that the options name. */
  readonly files: readonly string[];
}

/** The host lane's: packages for systemd, for berth and of its peers, made quiet by root-setup.sh. */
export function hostRecipe(suite: Suite): Recipe {
  const setup = join(import.meta.dir, "root-setup.sh");
  return {
    suite,
    packages: [...PACKAGES, ...PACKAGES_OF_SUITE[suite]],
    options: [`--customize-hook=sh ${setup} "$1"`],
    files: [setup],
  };
}

/** A name that changes with everything that goes into the recipe. */
export async function recipeKey(recipe: Recipe): Promise<string> {
  const hash = createHash("sha256").update(recipe.packages.join());
  for (const file of recipe.files) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 12);
}

/** Makes the tree by mmdebstrap, in about half a minute. */
export async function debootstrap(recipe: Recipe, target: string): Promise<void> {
  const { uri, options } = await aptArchive();
  await runHere([
    ...["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", `--include=${recipe.packages.join()}`],
    ...options.map((option) => `--aptopt=${option}`),
    ...['--aptopt=Acquire::Languages "none"', ...recipe.options],
    ...[recipe.suite, target, `deb ${uri} ${recipe.suite} main`],
  ]);
}

/**
 * A folder of the cache that `make` fills, under a name of its own until it is whole. Those whose name starts the same
 * up to its last dash and that were not used for a week are removed when another is made.
 */
export async function cachedFolder(folder: string, name: string, make: (at: string) => Promise<void>): Promise<string> {
  const kept = join(cacheDir(), folder, name);
  if (existsSync(kept)) {
    await utimes(kept, new Date(), new Date());
    return kept;
  }
  await mkdir(dirname(kept), { recursive: true });
  await removeUnused(dirname(kept), name.slice(0, name.lastIndexOf("-") + 1));
  const unfinished = `${kept}.${process.pid}`;
  try {
    await make(unfinished);
    await rename(unfinished, kept).catch(async (error: unknown) => {
      // Another test process may have been quicker; what it made is as good.
      if (!existsSync(kept)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return kept;
}

/**
 * The folder of a Debian root of this suite, made the first time. It is shared by all hosts and must not be written to:
 * hosts put an overlay over it. A change of the recipe makes another one.
 */
export async function debianRoot(suite: Suite): Promise<string> {
  const recipe = hostRecipe(suite);
  return cachedFolder("roots", `${suite}-${await recipeKey(recipe)}`, async (at) => {
    process.stderr.write(`making a Debian ${suite} root with systemd ${SYSTEMD_VERSION[suite]} (once) …\n`);
    await debootstrap(recipe, at);
  });
}

/** Removes the entries of a cache folder whose name starts so and that were not used (their mtime set) for a week. */
async function removeUnused(folder: string, prefix = ""): Promise<void> {
  for (const name of await entriesOf(folder)) {
    const old = join(folder, name);
    const used = (await stat(old)).mtimeMs;
    if (name.startsWith(prefix) && Date.now() - used > WEEK) await rm(old, { recursive: true, force: true });
  }
}

const OVERLAYFS_MAGIC = 0x794c7630;

/** Whether a folder is on an overlay file system, which cannot carry another overlay's upper layer. */
export async function isOnOverlay(folder: string): Promise<boolean> {
  return (await statfs(folder)).type === OVERLAYFS_MAGIC;
}

export async function entriesOf(folder: string): Promise<string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}
