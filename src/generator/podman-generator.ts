import { lstatSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path/posix";

/** The folders of generators, the first counts, systemd.generator(7). */
const FOLDERS = ["/run/systemd", "/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"] as const;

/**
 * Whether Podman's generator runs beside berth's: it is installed and not masked. Both make units of the same names
 * from the same files, and generators run side by side, so in one folder the one that writes later would count, by
 * chance. berth's units then go to the folder that systemd looks at last.
 */
export function podmanGenerates(scope: "system" | "user", root = "/"): boolean {
  for (const folder of FOLDERS) {
    const path = join(root, folder, `${scope}-generators/podman-${scope}-generator`);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    // A mask: a link to /dev/null, or an empty file.
    if (stats.isSymbolicLink() && readlinkSync(path) === "/dev/null") return false;
    return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  }
  return false;
}
