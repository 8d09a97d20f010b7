import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MS_NODEV, MS_NOSUID, mount } from "../../system/mount.ts";

const FOLDER = "files";

/** What the files may hold together, which is what a payload can take of the host's memory by them: bytes. */
const SIZE = 16 * 1024 * 1024;

/** The path of a file of berth's own that a payload may write to, such as its /etc/hosts. */
export function payloadFile(bundle: string, name: string): string {
  return join(bundle, FOLDER, name);
}

/**
 * Mounts a file system for such files: in the bundle itself a payload that writes on and on would fill /run, which all
 * of the host's services need. Throws "syscall".
 */
export function mountPayloadFiles(bundle: string): void {
  const folder = join(bundle, FOLDER);
  mkdirSync(folder, { mode: 0o755 });
  mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, `mode=755,size=${SIZE}`);
}
