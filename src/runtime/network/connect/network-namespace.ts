import { closeSync, openSync } from "node:fs";
import { CLONE_NEWNET, setns, unshare } from "../../../system/namespaces.ts";

/** A network namespace. It exists as long as a process has it open or runs in it. */
export interface NetworkNamespace {
  readonly fd: number;
  /** The path by which other programs reach it while this process has it open. */
  readonly path: string;
}

/** A network namespace that this process has open. */
export function openedNamespace(fd: number): NetworkNamespace {
  return { fd, path: `/proc/${process.pid}/fd/${fd}` };
}

/**
 * Creates an empty network namespace. Nothing pins it but this process's descriptor and later the container: when the
 * last process in it ends, the kernel removes the namespace with its end of the veth pair. Runs `within`, and the
 * programs that it starts, inside; the calling thread is back in its own network namespace when this returns.
 */
export function makeNetworkNamespace(within: () => void = () => undefined): NetworkNamespace {
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    unshare(CLONE_NEWNET);
    try {
      within();
      return openedNamespace(openSync("/proc/thread-self/ns/net", "r"));
    } finally {
      setns(own, CLONE_NEWNET);
    }
  } finally {
    closeSync(own);
  }
}

/** Runs `work`, and the programs that it starts, in a network namespace; the calling thread returns to its own. */
export function withinNamespace(namespace: Pick<NetworkNamespace, "fd">, work: () => void): void {
  const own = openSync("/proc/thread-self/ns/net", "r");
  try {
    setns(namespace.fd, CLONE_NEWNET);
    try {
      work();
    } finally {
      setns(own, CLONE_NEWNET);
    }
  } finally {
    closeSync(own);
  }
}
