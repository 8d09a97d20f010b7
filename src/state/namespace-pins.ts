import { dictionary, fields, number, type Reader } from "../json-fields.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";
import { processIdentity } from "./request-fields.ts";

/** Kinds of namespaces, as /proc/PID/ns calls them; "inner" is a user namespace below the one that "user" is. */
export type NamespaceKind = "user" | "inner" | "net" | "ipc" | "uts" | "mnt" | "pid";

/**
 * Namespaces without a process, which a manager of systemd's keeps open in the file descriptor store of a unit. When
 * the unit stops, for whatever reason, systemd closes them, and the kernel removes them.
 */
export interface PinnedNamespaces {
  /** The manager that holds them: PID 1 or a user's. */
  readonly manager: ProcessIdentity;
  /** Inode numbers, which identify namespaces while they exist. */
  readonly inodes: Readonly<Partial<Record<NamespaceKind, number>>>;
}

export const pinnedNamespaces: Reader<PinnedNamespaces> = fields<PinnedNamespaces>({
  manager: processIdentity,
  inodes: dictionary(number),
});
