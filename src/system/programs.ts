import { existsSync } from "node:fs";
import { join } from "node:path";
import { SystemError } from "./error.ts";

/** The programs that berth runs, each with its Debian package and the folders that it may be in besides SYSTEM_PATH. */
const PROGRAMS = {
  runc: { package: "runc", directories: [] },
  crun: { package: "crun", directories: [] },
  ip: { package: "iproute2", directories: [] },
  iptables: { package: "iptables", directories: [] },
  "iptables-save": { package: "iptables", directories: [] },
  "iptables-restore": { package: "iptables", directories: [] },
  nft: { package: "nftables", directories: [] },
  pasta: { package: "passt", directories: [] },
  netavark: { package: "netavark", directories: ["/usr/libexec/podman", "/usr/lib/podman"] },
  "aardvark-dns": { package: "aardvark-dns", directories: ["/usr/libexec/podman", "/usr/lib/podman"] },
  catatonit: { package: "catatonit", directories: ["/usr/libexec/catatonit", "/usr/libexec/podman"] },
  "systemd-socket-proxyd": { package: "systemd", directories: ["/usr/lib/systemd", "/lib/systemd"] },
  unshare: { package: "util-linux", directories: [] },
  newuidmap: { package: "uidmap", directories: [] },
  newgidmap: { package: "uidmap", directories: [] },
  chown: { package: "coreutils", directories: [] },
  cat: { package: "coreutils", directories: [] },
  mount: { package: "mount", directories: [] },
  umount: { package: "mount", directories: [] },
  tar: { package: "tar", directories: [] },
  xz: { package: "xz-utils", directories: [] },
  bzip2: { package: "bzip2", directories: [] },
  timeout: { package: "coreutils", directories: [] },
  sync: { package: "coreutils", directories: [] },
  cp: { package: "coreutils", directories: [] },
  journalctl: { package: "systemd", directories: [] },
  getent: { package: "libc-bin", directories: [] },
  nsenter: { package: "util-linux", directories: [] },
  systemctl: { package: "systemd", directories: [] },
  "systemd-analyze": { package: "systemd", directories: [] },
  "systemd-run": { package: "systemd", directories: [] },
} as const satisfies Record<string, { package: string; directories: readonly string[] }>;

export type Program = keyof typeof PROGRAMS;

/** Never the caller's PATH: root must not run a program from a folder that others can write to. */
const SYSTEM_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Absolute path of a program. Throws "missing-program" with the name of the package to install. */
export function findProgram(name: Program): string {
  const { directories, package: packageName } = PROGRAMS[name];
  for (const directory of [...directories, ...SYSTEM_PATH]) {
    const path = join(directory, name);
    if (existsSync(path)) return path;
  }
  throw new SystemError("missing-program", `${name} is not installed (Debian package ${packageName})`);
}

export function isInstalled(name: Program): boolean {
  try {
    findProgram(name);
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.code === "missing-program") return false;
    throw error;
  }
}
