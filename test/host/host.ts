import { existsSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Machine, type Result, type RunOptions } from "./machine.ts";
import { cacheDir, debianRoot, entriesOf, isOnOverlay, runHere, type Suite } from "./root.ts";

export type { Result, RunOptions } from "./machine.ts";

export interface BootOptions {
  readonly suite: Suite;
  /** The berth executable to set up in the host; `dist/berth` when it exists, false for none. */
  readonly berth?: string | false;
  /** Leaves Podman's generators as they are (on trixie); with berth, they are masked. */
  readonly besidePodman?: boolean;
  /** Where /var/lib/berth, /var/lib/containers and /home are: in memory, or in the cache folder on the disk. */
  readonly storage?: "memory" | "disk";
  /** Lets the host live on when this process ends, to be found again by this name. */
  readonly detached?: string;
  /**
   * Changes the host's files before its PID 1 starts; given the folder that becomes the overlay's extra lower layer.
   */
  readonly prepare?: (files: string) => Promise<void>;
}

/** The repository's own build. */
export const DIST_BERTH = join(import.meta.dir, "../../dist/berth");

/** A systemd host that runs in namespaces of this machine. */
export class Host extends Machine {
  constructor(
    /** The host's PID 1, as this machine numbers it. */
    readonly pid: number,
    readonly suite: Suite,
    private readonly dir: string,
    private readonly cgroup: string,
  ) {
    super();
  }

  /** The path by which this machine reaches a file of the host. Absolute links in it lead to this machine's files. */
  path(inside: string): string {
    return join(`/proc/${this.pid}/root`, inside);
  }

  /** The argv that runs a command in the host, for callers that want to spawn it themselves. */
  argv(argv: readonly string[], options: RunOptions = {}): string[] {
    const { uid, cwd, argv: inner } = this.inside(argv, options);
    const shell = uid === 0 ? "shell" : `shell-${options.user}`;
    // The cgroup is joined first, from outside: in the host's root cgroup systemd would take the process for its own.
    const enter = [
      `echo 0 > ${this.cgroup}/${shell}/cgroup.procs`,
      options.loginuid === undefined ? ":" : `echo ${options.loginuid} > /proc/self/loginuid`,
      'exec "$@"',
    ].join(" && ");
    const namespaces = ["nsenter", "--all", "--root", "--target", String(this.pid), `--wdns=${cwd}`, "--"];
    return ["/bin/sh", "-c", enter, "sh", ...namespaces, ...inner];
  }

  /** Runs a command in the host to its end, whatever its exit code. */
  override async run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    // Ended inside, with all that it started: what is killed from here is nsenter, and the command would live on.
    const limit = options.timeout ?? 60_000;
    const bounded = ["timeout", "--signal=KILL", String(limit / 1000), ...argv];
    const child = Bun.spawn(this.argv(bounded, options), {
      stdin: options.input === undefined ? "ignore" : new Blob([options.input as string]),
      stdout: "pipe",
      stderr: "pipe",
      timeout: limit + 5_000,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { stdout, stderr, exitCode };
  }

  /** Writes a file of the host, with its folders. */
  override async write(inside: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    await writeFile(this.path(inside), text, { mode });
  }

  /** Ends the host: its PID 1 is killed, with it every process in the host, and the kernel drops the mounts. */
  async close(): Promise<void> {
    await endHost(this.dir, this.cgroup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What is written down of a running host, in its folder's host.json. */
interface HostRecord {
  readonly pid: number;
  readonly started: string;
  readonly suite: Suite;
  readonly detached: string | undefined;
}

async function readRecord(dir: string): Promise<HostRecord | undefined> {
  const text = await readFile(join(dir, "host.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

async function endHost(dir: string, cgroup: string): Promise<void> {
  const record = await readRecord(dir);
  if (record !== undefined && record.started === (await startTime(record.pid))) {
    process.kill(record.pid, "SIGKILL");
    while ((await startTime(record.pid)) === record.started) await Bun.sleep(5);
  }
  await rm(dir, { recursive: true, force: true });
  await removeCgroup(cgroup);
}

/** Removes a cgroup tree from its leaves up; the kernel may need a moment for processes that have just died. */
async function removeCgroup(cgroup: string): Promise<void> {
  for (let tries = 0; existsSync(cgroup) && tries < 200; tries++) {
    await runFind(cgroup);
    if (existsSync(cgroup)) await Bun.sleep(10);
  }
}

async function runFind(cgroup: string): Promise<void> {
  const find = Bun.spawn(["find", cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  await find.exited;
}

/** When a process started, in clock ticks since boot (proc(5), stat's field 22): with the pid, it names one process. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended, also while nobody has waited for it.
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

/** The machine's cgroup2 tree: by itself, or beside cgroup v1 controllers. */
function cgroupTree(): string {
  const tree = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((at) => existsSync(join(at, "cgroup.controllers")));
  if (tree === undefined) throw new Error("this machine has no cgroup2 file system");
  return tree;
}

function hostsDir(): string {
  return join(cacheDir(), "hosts");
}

/** Removes what hosts left behind whose test process was killed. */
async function sweep(): Promise<void> {
  for (const name of await entriesOf(hostsDir())) {
    const owner = Number(name.split("-")[2]);
    const dir = join(hostsDir(), name);
    const record = await readRecord(dir);
    const alive = record !== undefined && record.started === (await startTime(record.pid));
    if (!alive && !existsSync(`/proc/${owner}`)) await endHost(dir, join(cgroupTree(), name));
  }
}

async function childOf(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const first = Number(children.trim().split(" ")[0]);
  return first > 0 ? first : undefined;
}

/**
 * Installs a build of berth into a tree, as a person would. Podman's generators are masked there unless `besidePodman`:
 * they would make the same units of the same files.
 */
export async function installBerth(root: string, berth = DIST_BERTH, besidePodman = false): Promise<void> {
  await runHere([berth, "setup", "--root", root]);
  // A build replaces dist/berth by a rename, so a hard link stays the build that it was; it spares the disk a copy.
  const program = join(root, "usr/local/bin/berth");
  const linked = await link(berth, `${program}.link`).then(
    () => true,
    () => false,
  );
  if (linked) await rename(`${program}.link`, program);
  if (besidePodman) return;
  for (const kind of ["system", "user"]) {
    const mask = join(root, `etc/systemd/${kind}-generators/podman-${kind}-generator`);
    await mkdir(dirname(mask), { recursive: true });
    await symlink("/dev/null", mask).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** Has berth, and the peers that it is compared with, make containers by the OCI runtime that is being tested. */
export async function chooseRuntime(root: string): Promise<void> {
  const name = process.env.BERTH_TEST_RUNTIME;
  if (!name) return;
  const settings = {
    "usr/lib/berth/berth.conf": `[runtime]\nRuntime=${name}\n`,
    "etc/containers/containers.conf.d/runtime.conf": `[engine]\nruntime = "${name}"\n`,
  };
  for (const [path, text] of Object.entries(settings)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Waits for a condition that a process brings about; throws after `timeout` milliseconds. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  timeout = 30_000,
): Promise<T> {
  const begin = Date.now();
  const end = begin + timeout;
  // The longer it takes the more rarely it is asked: what asks takes processors from what is waited for.
  for (; ; await Bun.sleep(Math.min(Math.max(20, (Date.now() - begin) / 20), 300))) {
    const value = await condition();
    // null is what match() has for "not yet".
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain: ${what}`);
  }
}

/**
 * Boots a systemd host of the suite and waits until its start-up is over. Needs root. The host has Debian's packages of
 * `root.ts`, a user `alice` (uid 1000, subordinate ids, lingering), a network of its own with nothing on the other
 * side.
 */
export async function bootHost(options: BootOptions): Promise<Host> {
  if (process.getuid?.() !== 0) throw new Error("a systemd host in namespaces needs root");
  await sweep();
  const root = await debianRoot(options.suite);
  const name = `berth-host-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const dir = join(hostsDir(), name);
  const cgroup = join(cgroupTree(), name);
  const files = join(dir, "files");
  await mkdir(files, { recursive: true });
  const berth = options.berth ?? (existsSync(DIST_BERTH) ? DIST_BERTH : false);
  if (berth !== false) await installBerth(files, berth, options.besidePodman);
  await chooseRuntime(files);
  await options.prepare?.(files);
  const storage = (await isOnOverlay(dir)) ? "memory" : (options.storage ?? "memory");

  const guard = options.detached ? ["setsid"] : ["setpriv", "--pdeathsig", "KILL"];
  const boot = [join(import.meta.dir, "boot.sh"), root, dir, name, storage];
  const child = Bun.spawn([...guard, "bash", ...boot], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(dir, "boot.log")),
  });
  child.unref();
  try {
    const pid = await until("the host's PID 1 to be systemd", async () => {
      if (child.exitCode !== null) throw new Error(`boot.sh: ${await readFile(join(dir, "boot.log"), "utf8")}`);
      const at = await childOf(child.pid);
      const comm = at === undefined ? "" : await readFile(`/proc/${at}/comm`, "utf8").catch(() => "");
      return comm.trim() === "systemd" ? at : undefined;
    });
    const record: HostRecord = {
      pid,
      started: (await startTime(pid)) ?? "",
      suite: options.suite,
      detached: options.detached,
    };
    await writeFile(join(dir, "host.json"), JSON.stringify(record));
    for (const shell of ["shell", "shell-alice"]) await mkdir(join(cgroup, shell));
    const host = new Host(pid, options.suite, dir, cgroup);
    await until("systemd to be reachable", () => existsSync(host.path("/run/systemd/private")));
    await host.run(["systemctl", "is-system-running", "--wait"]);
    return host;
  } catch (error) {
    child.kill("SIGKILL");
    await child.exited;
    await removeCgroup(cgroup);
    throw error;
  }
}

/** The host that was booted with this `detached` name, or undefined when it does not run. */
export async function detachedHost(name: string): Promise<Host | undefined> {
  for (const entry of await entriesOf(hostsDir())) {
    const dir = join(hostsDir(), entry);
    const record = await readRecord(dir);
    if (record?.detached !== name || record.started !== (await startTime(record.pid))) continue;
    return new Host(record.pid, record.suite, dir, join(cgroupTree(), entry));
  }
  return undefined;
}
