import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Host, until } from "./host.ts";
import { cacheDir, runHere } from "./root.ts";

/** One system call that the kernel reported to auditd, from its SYSCALL record. */
export interface AuditRecord {
  /** The audit loginuid of the process; 4294967295 when it was unset. */
  readonly auid: number;
  readonly uid: number;
  /** As this machine numbers it. */
  readonly pid: number;
  readonly exe: string;
  readonly success: boolean;
}

/** Why auditd cannot be used on this machine, or undefined when it can. */
export function auditMisses(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!existsSync("/usr/sbin/auditd") && !existsSync("/sbin/auditd")) return "needs auditd";
  const status = Bun.spawnSync(["auditctl", "-s"]);
  if (status.exitCode !== 0) return `needs the kernel's audit system: ${status.stderr.toString().trim()}`;
  return undefined;
}

/**
 * auditd and the rules that tests add. The audit system is one per kernel, and its daemon has to be in the first PID
 * namespace, so this is about the machine, not a host: one that runs already is used, otherwise one is started with a
 * log of its own, and ended by `close`.
 */
export class Audit {
  private readonly rules: string[][] = [];

  private constructor(
    private readonly log: string | undefined,
    private readonly daemon: { readonly pid: number; readonly exited: Promise<number>; kill(): void } | undefined,
    private readonly enabledBefore: string,
  ) {}

  static async open(): Promise<Audit> {
    const before = await auditStatus();
    const folder = join(cacheDir(), "audit");
    const log = join(folder, "audit.log");
    if (before.pid !== 0) {
      const commandLine = await readFile(`/proc/${before.pid}/cmdline`, "utf8").catch(() => "");
      return new Audit(commandLine.includes(folder) ? log : undefined, undefined, "1");
    }
    await mkdir(join(folder, "plugins.d"), { recursive: true });
    await chmod(folder, 0o700);
    await writeFile(join(folder, "auditd.conf"), auditdConf(folder), { mode: 0o640 });
    const daemon = Bun.spawn(["auditd", "-n", "-c", folder], { stdio: ["ignore", "ignore", "ignore"] });
    await until("auditd to have registered with the kernel", async () => (await auditStatus()).pid === daemon.pid);
    return new Audit(log, daemon, before.enabled);
  }

  /**
   * Records every open of a file of the host that exists already; returns the key to ask for the records. The file has
   * to be on a file system that the opener shares (a volume): the root of a container has inodes of its own.
   */
  async watch(host: Host, inside: string): Promise<string> {
    const key = `berth-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
    const rule = [
      "always,exit",
      "-F",
      "arch=b64",
      "-S",
      "open,openat,openat2",
      "-F",
      `path=${host.path(inside)}`,
      "-F",
      `key=${key}`,
    ];
    await runHere(["auditctl", "-a", ...rule]);
    this.rules.push(rule);
    return key;
  }

  /** What was recorded under a key so far, oldest first. Waits until at least `count` records have arrived. */
  async records(key: string, count = 1): Promise<AuditRecord[]> {
    return until(`${count} audit records with the key ${key}`, async () => {
      const source = this.log === undefined ? [] : ["--input", this.log];
      const search = Bun.spawn(["ausearch", "--raw", "--key", key, ...source], { stdin: "ignore", stderr: "ignore" });
      const found = (await search.stdout.text())
        .split("\n")
        .map(parseSyscall)
        .filter((record) => record !== undefined);
      return found.length >= count && found;
    });
  }

  /** Removes the rules, and ends auditd if it was started here. */
  async close(): Promise<void> {
    for (const rule of this.rules) await runHere(["auditctl", "-d", ...rule]);
    if (this.daemon === undefined) return;
    this.daemon.kill();
    await this.daemon.exited;
    await runHere(["auditctl", "-e", this.enabledBefore]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function auditStatus(): Promise<{ pid: number; enabled: string }> {
  const text = await runHere(["auditctl", "-s"]);
  const value = (name: string) => new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1] ?? "0";
  return { pid: Number(value("pid")), enabled: value("enabled") };
}

function auditdConf(folder: string): string {
  return [
    `log_file = ${folder}/audit.log`,
    `plugin_dir = ${folder}/plugins.d`,
    ...["log_format = RAW", "flush = NONE", "max_log_file = 8", "num_logs = 2", "max_log_file_action = ROTATE"],
    ...["space_left = 2", "admin_space_left = 1", "space_left_action = IGNORE", "admin_space_left_action = IGNORE"],
    ...["disk_full_action = IGNORE", "disk_error_action = IGNORE", ""],
  ].join("\n");
}

function parseSyscall(line: string): AuditRecord | undefined {
  if (!line.startsWith("type=SYSCALL ")) return undefined;
  // The rule's own arrival is recorded under its key too.
  if (line.includes('/auditctl"')) return undefined;
  const field = (name: string) => new RegExp(` ${name}=("?)([^" ]*)\\1`).exec(line)?.[2] ?? "";
  return {
    auid: Number(field("auid")),
    uid: Number(field("uid")),
    pid: Number(field("pid")),
    exe: field("exe"),
    success: field("success") === "yes",
  };
}
