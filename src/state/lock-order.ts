/** berth's flock(2) locks. Each is advisory, and the kernel frees it when its process ends. */
export type LockName =
  | "work"
  | "volume folder"
  | "state"
  | "definitions"
  | "ports"
  | "volume"
  | "id leases"
  | "pod hosts"
  | "netavark"
  | "setup";

export interface LockRow {
  /** Below the scope's state directory (STATE) or runtime directory (RUN). */
  readonly path: string;
  readonly guards: string;
  /** The locks that a process may hold while it waits for this one. */
  readonly under: readonly LockName[];
}

/**
 * The order of all locks: a process that holds a lock may only wait for locks that list it in `under`. So no two
 * processes ever wait for each other. Taking a lock without waiting (of a file that this process has just made, or only
 * if it is free) needs no order; waiting for others while it is held does.
 */
export const LOCKS: Readonly<Record<LockName, LockRow>> = {
  setup: {
    path: "the folder that berth is installed in",
    guards: "the installed files, against another setup that writes the same",
    under: [],
  },
  work: {
    path: "STATE/tmp/PID-UUID/lock",
    guards: "what a process is adding to the image store, for as long as it does",
    under: [],
  },
  "volume folder": {
    path: "STATE/volumes/.new-…, .gone-… (the folder)",
    guards: "a volume that is being made, filled from an archive, or deleted",
    under: [],
  },
  state: {
    path: "STATE/lock",
    guards: "the image index, layers and volumes, against records of containers that are about to use them",
    under: ["work", "volume folder"],
  },
  definitions: {
    path: "STATE/networks/.lock",
    guards: "which networks exist, and their choice of subnets and interface names",
    under: [],
  },
  ports: {
    path: "RUN/network-setups/.ports",
    guards: "the choice of published ports, against those of other containers",
    under: ["definitions"],
  },
  volume: {
    path: "STATE/volumes/NAME (the folder)",
    guards: "a volume's first content, owner and mount",
    under: [],
  },
  "id leases": {
    path: "RUN/user-namespaces (the folder)",
    guards: "the choice of ids for a user namespace of its own",
    under: [],
  },
  "pod hosts": {
    path: "RUN/pods/NAME/hosts",
    guards: "the names in a pod's /etc/hosts",
    under: [],
  },
  netavark: {
    path: "RUN/netavark/lock",
    guards: "the machine's bridges and firewall rules, and the name server's files",
    under: [],
  },
};

export type Hold = "exclusive" | "shared";

interface Held {
  readonly name: LockName;
  readonly how: Hold;
}

/** The locks that this process holds; undefined while the order is not checked. */
let held: Held[] | undefined;

/** From now on, waiting for a lock out of order throws. For tests; without it nothing is recorded. */
export function checkLockOrder(): void {
  held ??= [];
}

/**
 * Call before waiting for a lock. Throws if the order is checked and forbids it. flock(2) blocks the whole process, so
 * it does not matter which of its tasks holds the other lock.
 */
export function checkWaiting(name: LockName, how: Hold): void {
  const wrong = held?.find((other) => {
    // Holders of a shared lock do not wait for each other.
    const sharing = other.name === name && other.how === "shared" && how === "shared";
    return !sharing && !LOCKS[name].under.includes(other.name);
  });
  if (wrong !== undefined)
    throw new Error(`lock order: waits for the ${name} lock while it holds the ${wrong.name} lock`);
}

/** Records that a lock is held. Returns a function that records its release. */
export function recordLock(name: LockName, how: Hold): () => void {
  const lock: Held = { name, how };
  held?.push(lock);
  return () => {
    const at = held?.indexOf(lock) ?? -1;
    if (at >= 0) held?.splice(at, 1);
  };
}
