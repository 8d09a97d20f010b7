import { closeSync, constants, openSync, readFileSync } from "node:fs";
import type { UserDatabase } from "./container-user.ts";
import { openInRoot } from "./native.ts";

/** The container's own /etc/passwd and /etc/group; symbolic links in it stay inside `rootfs`. */
export function readUserDatabase(rootfs: string): UserDatabase {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  const read = (path: string): string => {
    // O_NONBLOCK: an image could have a fifo there, and opening that would wait for ever.
    const fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fd === undefined) return "";
    try {
      return readFileSync(fd, "utf8");
    } finally {
      closeSync(fd);
    }
  };
  try {
    return { passwd: read("/etc/passwd"), group: read("/etc/group") };
  } finally {
    closeSync(root);
  }
}
