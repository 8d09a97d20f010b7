import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { join } from "node:path";

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

/**
 * The folder of a Debian root of this suite, made by mmdebstrap the first time (about half a minute). It is shared by
 * all hosts and must not be written to: hosts put an overlay over it. A change of the package list or of the set-up
 * script makes another root; those of the same suite that were not used for a week are removed then.
 */
export async function debianRoot(suite: Suite): Promise<string> {
  const setup = join(import.meta.dir, "root-setup.sh");
  const packages = [...PACKAGES, ...PACKAGES_OF_SUITE[suite]];
  const key = createHash("sha256")
    .update(packages.join())
    .update(await readFile(setup))
    .digest("hex")
    .slice(0, 12);
  const roots = join(cacheDir(), "roots");
  const root = join(roots, `${suite}-${key}`);
  if (existsSync(root)) {
    await utimes(root, new Date(), new Date());
    return root;
  }
  await mkdir(roots, { recursive: true });
  const { uri, options } = await aptArchive();
  await removeUnused(roots, suite);
  const unfinished = `${root}.${process.pid}`;
  process.stderr.write(`making a Debian ${suite} root with systemd ${SYSTEMD_VERSION[suite]} (once) …\n`);
  try {
    await runHere([
      ...["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", `--include=${packages.join()}`],
      ...options.map((option) => `--aptopt=${option}`),
      ...['--aptopt=Acquire::Languages "none"', `--customize-hook=sh ${setup} "$1"`],
      ...[suite, unfinished, `deb ${uri} ${suite} main`],
    ]);
    await rename(unfinished, root).catch(async (error: unknown) => {
      // Another test process may have been quicker; its root is as good.
      if (!existsSync(root)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return root;
}

/** Removes the entries of a cache folder whose name starts so and that were not used (their mtime set) for a week. */
export async function removeUnused(folder: string, prefix = ""): Promise<void> {
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
