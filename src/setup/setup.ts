import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "../cli/program/command.ts";
import type { CommandTable } from "../cli/program/command-table.ts";
import { type HeldLock, openLockFolder, takeLock } from "../state/lock.ts";
import { replaceFile, replaceLink, replaceWith, setPlainUmask } from "../system/files.ts";
import { type InstalledFile, installation, listPath } from "./installation.ts";

interface SetupOptions {
  root: string;
  prefix: string;
  maskPodman?: boolean;
  uninstall?: boolean;
}

/** Podman's own generators, which would make the same units from the same files. */
const PODMAN_GENERATORS: readonly { kind: "system" | "user"; name: string }[] = [
  { kind: "system", name: "podman-system-generator" },
  { kind: "user", name: "podman-user-generator" },
];

/** Where the administrator's masks of generators are, systemd.generator(7). */
const MASKS = "/etc/systemd";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Install berth on this machine, or take it away again.",
  details: [
    "Installed are the program, its generators, units, manual pages and shell completion, below the prefix. What is there already is replaced, file by file, so `berth setup` is also the way to another version. Running containers are not touched.",
    "If Podman's generators are installed too, both make units of the same files, and Podman's count, always. `--mask-podman` puts a mask in /etc/systemd; it refuses as long as services of Podman's run, since their units would then be berth's and could not stop them. Nothing is masked unasked.",
    "`--uninstall` removes what setup installed and nothing else: container files, images, volumes and berth.conf stay. Containers have to be stopped before.",
    "Packages that containers need and that are not installed are named.",
  ],
  examples: [
    { command: "sudo dist/berth setup", help: "Install in /usr/local." },
    { command: "sudo berth setup --uninstall", help: "Remove it again." },
  ],
};

/** `berth setup`: puts the executable and all that belongs to it where systemd, man and shells find it. */
export function define(command: Command, context: CommandContext, table: CommandTable): void {
  command
    .option("--root <dir>", "install below another root directory", "/")
    .option("--prefix <dir>", "where to install", "/usr/local")
    .option("--mask-podman", "keep Podman's generators from making the same units")
    .option("--uninstall", "remove what setup has installed")
    .action(async (options: SetupOptions) => setup(options, context, table));
}

async function setup(options: SetupOptions, context: CommandContext, table: CommandTable): Promise<void> {
  if (process.getuid?.() !== 0) throw new CommandError("setup works for the whole machine: run it as root", 125);
  // All users read and run the installed files, so root's own umask must not apply.
  setPlainUmask();
  if (options.maskPodman && options.root === "/") await refuseWhilePodmanRuns();
  const lock = lockInstallation(options);
  try {
    if (options.uninstall) await uninstall(options, context);
    else await install(options, context, table);
  } finally {
    lock?.close();
  }
  // Another root has no manager to reload.
  if (options.root === "/" && existsSync("/run/systemd/system")) {
    const { withManager } = await import("../runtime/systemd/systemd.ts");
    await withManager(context.scope, context.env, (manager) => manager.reload());
  }
}

/** Waits for another setup in the same place, which would write to the same files; undefined where nothing is. */
function lockInstallation({ root, prefix, uninstall }: SetupOptions): HeldLock | undefined {
  const folder = join(root, prefix);
  if (!uninstall) mkdirSync(folder, { recursive: true });
  return existsSync(folder) ? takeLock("setup", openLockFolder(folder)) : undefined;
}

async function install(options: SetupOptions, context: CommandContext, table: CommandTable): Promise<void> {
  const files = await installation(options.prefix, table);
  const share = join(options.prefix, "share");
  for (const file of files) {
    put(file, options.root);
    if (!file.path.startsWith(share)) context.out(`${join(options.root, file.path)}\n`);
  }
  context.out(`${join(options.root, share)}: manual pages and shell completion\n`);
  for (const directory of ["etc/containers/systemd", "var/lib/berth"]) {
    mkdirSync(join(options.root, directory), { recursive: true, mode: directory.startsWith("var") ? 0o700 : 0o755 });
  }
  const paths = [...files.map(({ path }) => path), ...handlePodman(options, context)];
  // Remove the files that only an older version had. Masks stay until --uninstall.
  const old = readList(options).filter((path) => !paths.includes(path));
  for (const path of old.filter((path) => !isMaskPath(path))) rmSync(join(options.root, path), { force: true });
  const list = [...paths, ...old.filter(isMaskPath)].map((path) => `${path}\n`).join("");
  put({ kind: "text", path: listPath(options.prefix), text: list }, options.root);
  if (options.root !== "/") return;
  const { advice, missingPackages, warnings } = await import("./requirements.ts");
  const { defaultRuntime } = await import("../state/default-runtime.ts");
  const runtime = await defaultRuntime(context.scope);
  for (const { package: name, use } of missingPackages(runtime))
    context.err(`berth: warning: the package ${name} is not installed; needed for ${use}\n`);
  for (const warning of warnings(runtime)) context.err(`berth: warning: ${warning}\n`);
  for (const sentence of advice(runtime)) context.out(`${sentence}\n`);
}

/** Removes the listed files, and the list with its folder. Other folders stay, as others may use them. */
async function uninstall(options: SetupOptions, context: CommandContext): Promise<void> {
  const paths = readList(options);
  const list = join(options.root, listPath(options.prefix));
  if (paths.length === 0) throw new CommandError(`nothing to remove: there is no ${list}`, 1);
  if (options.root === "/") await refuseWhileRunning(context);
  // Remove the program last: until then the command can be repeated.
  for (const path of paths.toReversed()) {
    const at = join(options.root, path);
    if (lstatSync(at, { throwIfNoEntry: false }) === undefined || (isMaskPath(path) && !isMask(at))) continue;
    rmSync(at);
    context.out(`removed ${at}\n`);
  }
  rmSync(dirname(list), { recursive: true });
}

/** Refuses to mask Podman's generator under its running services: their units would be berth's, and stop nothing. */
async function refuseWhilePodmanRuns(): Promise<void> {
  const { runningPodmanServices } = await import("./podman-services.ts");
  const names = runningPodmanServices();
  if (names.length === 0) return;
  const message = `services of Podman's are running: ${names.join(", ")}`;
  throw new CommandError(`${message} (stop them first; afterwards, their next start is berth's)`, 1);
}

/** Refuses to remove berth while containers run: without it, their layers and networks would stay behind. */
async function refuseWhileRunning({ scope }: CommandContext): Promise<void> {
  const { surveyRecords } = await import("../state/container-record.ts");
  const { payloadPid } = await import("../state/liveness.ts");
  const { reportUnread } = await import("../state/record-format.ts");
  const found = surveyRecords(scope);
  const running = found.records.filter((record) => payloadPid(scope, record) !== undefined);
  const names = running.map(({ name }) => name).join(", ");
  if (running.length > 0) throw new CommandError(`containers are running: ${names} (stop them first)`, 1);
  reportUnread(found);
}

/** The installed paths, without the root; empty where nothing is installed. */
function readList({ root, prefix }: SetupOptions): string[] {
  const path = join(root, listPath(prefix));
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line.startsWith("/"))
    : [];
}

/**
 * Writes the file under another name and renames it: a running berth keeps its old executable, and a crash leaves no
 * half-written file.
 */
function put(file: InstalledFile, root: string): void {
  const path = join(root, file.path);
  const fresh = `${path}.new`;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(fresh, { force: true });
  switch (file.kind) {
    case "program":
      replaceWith(path, fresh, () => {
        copyFileSync(process.execPath, fresh);
        chmodSync(fresh, 0o755);
      });
      break;
    case "text":
      replaceFile(path, file.text, { mode: 0o644, temporary: fresh });
      break;
    case "link":
      replaceLink(path, file.target, fresh);
      break;
    default:
      throw new Error(`unknown file ${JSON.stringify(file satisfies never)}`);
  }
}

/**
 * Warns of Podman's generators, or masks them with `--mask-podman`. Returns the paths of new masks.
 */
function handlePodman(options: SetupOptions, context: CommandContext): string[] {
  const masks: string[] = [];
  for (const { kind, name } of PODMAN_GENERATORS) {
    const installed = ["usr/lib", "lib"].some((lib) =>
      existsSync(join(options.root, lib, `systemd/${kind}-generators`, name)),
    );
    const mask = join(MASKS, `${kind}-generators`, name);
    if (!installed || isMask(join(options.root, mask))) continue;
    if (options.maskPodman) {
      put({ kind: "link", path: mask, target: "/dev/null" }, options.root);
      context.out(`${join(options.root, mask)} -> /dev/null\n`);
      masks.push(mask);
    } else {
      context.err(
        `berth: warning: ${name} is installed and makes units of the same files and names, which count as long as it is not masked; stop its services, then berth setup --mask-podman\n`,
      );
    }
  }
  return masks;
}

/** Whether this is the path of a mask of Podman's generators, which need not exist. */
function isMaskPath(path: string): boolean {
  return path.startsWith(`${MASKS}/`);
}

function isMask(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === "/dev/null";
}
