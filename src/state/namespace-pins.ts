import { dictionary, fields, number, type Reader } from "../json-fields.ts";
import type { ProcessIdentity } from "../system/process-identity.ts";
import { processIdentity } from "./request-fields.ts";

/** Kinds of namespaces, as /proc/PID/ns calls them; "inner" is a user namespace below the one that "user" is. */
export type NamespaceKind = "user" | "inner" | "net" | "ipc" | "uts" | "mnt" | "pid";

/**
 * Namespaces without a process, kept by a manager of systemd's in the file descriptor store of a unit. They last as
 * long as the unit is active: systemd closes them when it stops, however that comes, and the kernel then takes them
 * down.
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
