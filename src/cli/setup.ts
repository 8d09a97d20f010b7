import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Command } from "commander";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { STATIC_UNITS } from "./static-units.ts";

interface SetupOptions {
  root: string;
  prefix: string;
  maskPodman?: boolean;
}

/** Podman's own generators, which would make the same units from the same files. */
const PODMAN_GENERATORS: readonly { kind: "system" | "user"; name: string }[] = [
  { kind: "system", name: "podman-system-generator" },
  { kind: "user", name: "podman-user-generator" },
];

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Install berth on this machine, or take it away again.",
  details: [
    "Installed are the program, its generators, units, manual pages and shell completion, below the prefix. What is there already is replaced, file by file, so `berth setup` is also the way to another version. Running containers are not touched.",
    "If Podman's generators are installed too, both would make units of the same files; `--mask-podman` puts a mask in /etc/systemd. Nothing is masked unasked.",
    "`--uninstall` removes what setup installed and nothing else: container files, images, volumes and berth.conf stay. Services that run go on; they can still be stopped.",
  ],
  examples: [
    { command: "sudo dist/berth setup", help: "Install in /usr/local." },
    { command: "sudo berth setup --uninstall", help: "Remove it again." },
  ],
};

/** `berth setup`: puts the executable, the generators and the static units where systemd finds them. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("--root <dir>", "install below another root directory", "/")
    .option("--prefix <dir>", "where to install", "/usr/local")
    .option("--mask-podman", "keep Podman's generators from making the same units")
    .action(async (options: SetupOptions) => setup(options, context));
}

async function setup(options: SetupOptions, context: CommandContext): Promise<void> {
  if (process.getuid?.() !== 0) throw new CommandError("setup installs for the whole machine: run it as root", 125);
  const prefix = join(options.root, options.prefix);
  const program = join(prefix, "bin/berth");
  installProgram(program);
  context.out(`${program}\n`);
  for (const kind of ["system", "user"]) {
    const generator = join(prefix, `lib/systemd/${kind}-generators/berth-generator`);
    replaceLink(relative(dirname(generator), program), generator);
    context.out(`${generator}\n`);
  }
  for (const unit of STATIC_UNITS) context.out(`${installUnit(unit, prefix, join(options.prefix, "bin"))}\n`);
  for (const directory of ["etc/containers/systemd", "var/lib/berth"]) {
    mkdirSync(join(options.root, directory), { recursive: true, mode: directory.startsWith("var") ? 0o700 : 0o755 });
  }
  handlePodman(options, context);
  // Only the running system's manager can be told of new units.
  if (options.root === "/" && existsSync("/run/systemd/system")) {
    const { withManager } = await import("../runtime/systemd.ts");
    await withManager(context.scope, context.env, (manager) => manager.reload());
  }
}

/** Copies this executable beside its place and renames it, so that a berth that runs keeps its old file. */
function installProgram(program: string): void {
  mkdirSync(dirname(program), { recursive: true });
  const fresh = `${program}.new`;
  copyFileSync(process.execPath, fresh);
  renameSync(fresh, program);
}

function installUnit(unit: (typeof STATIC_UNITS)[number], prefix: string, binDir: string): string {
  const path = join(prefix, "lib/systemd/system", unit.name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, unit.text.replaceAll("@BINDIR@", binDir), { mode: 0o644 });
  renameSync(`${path}.new`, path);
  if (unit.enabled) replaceLink(`../${unit.name}`, join(dirname(path), "multi-user.target.wants", unit.name));
  return path;
}

function replaceLink(target: string, link: string): void {
  mkdirSync(dirname(link), { recursive: true });
  const fresh = `${link}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** Says that Podman's generators are there too; masks them if asked to, and never unasked. */
function handlePodman(options: SetupOptions, context: CommandContext): void {
  for (const { kind, name } of PODMAN_GENERATORS) {
    const installed = ["usr/lib", "lib"].some((lib) =>
      existsSync(join(options.root, lib, `systemd/${kind}-generators`, name)),
    );
    const mask = join(options.root, `etc/systemd/${kind}-generators`, name);
    if (!installed || isMask(mask)) continue;
    if (options.maskPodman) {
      replaceLink("/dev/null", mask);
      context.out(`${mask} -> /dev/null\n`);
    } else {
      context.err(
        `berth: warning: ${name} is installed and makes units of the same files and names; berth setup --mask-podman keeps it from doing so\n`,
      );
    }
  }
}

function isMask(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === "/dev/null";
}
