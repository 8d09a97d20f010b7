import type { Scope } from "../../scope.ts";
import { type PodPaths, type PodRecord, writePod } from "../../state/pod-record.ts";
import { noteUnit } from "../../state/running-units.ts";
import type { ProcessIdentity } from "../../system/process-identity.ts";
import { addressesByNetwork } from "../network/connect/connected-networks.ts";
import type { Connection } from "../network/connect/netavark-connection.ts";
import type { Step } from "../steps.ts";
import { closeNamespaces, type OpenNamespace, pinNamespaces } from "../systemd/pinned-namespaces.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { writePodFiles } from "./pod-files.ts";
import { makePodNamespaces } from "./pod-namespaces.ts";
import { connectPod } from "./pod-network.ts";
import { removePod } from "./remove.ts";
import { updateNamespaceLink } from "./update-namespace-link.ts";

/** The creation of a pod whose name is claimed: its record, and what the steps have made so far. */
export interface PodCreation {
  readonly scope: Scope;
  readonly paths: PodPaths;
  /** $NOTIFY_SOCKET. */
  readonly notifySocket: string;
  /** The manager that is to keep the namespaces. */
  readonly manager: ProcessIdentity;

  record: PodRecord;
  /** The user namespace of the pod's containers, where it is not this process's own. */
  userNamespace?: ContainerNamespace | undefined;
  namespaces: readonly OpenNamespace[];
  connection?: Connection | undefined;
}

/** Makes the pod known by its unit. Its undo removes all that a pod can have, so other steps need none. */
const note: Step<PodCreation> = {
  name: "note",
  make({ scope, record }) {
    noteUnit(scope, record.unit, { kind: "pod", id: record.id, name: record.name });
  },
  undo: ({ scope, record }) => removePod(scope, record.name),
};

const openUserNamespace: Step<PodCreation> = {
  name: "open-user-namespace",
  async make(creation) {
    const { scope, record } = creation;
    const { userNamespace, id } = record;
    if (userNamespace.mode === "host") return;
    const { openContainerNamespace } = await import("../user-namespace/container-namespace.ts");
    const request = { userNamespace, idsOf: undefined, user: undefined };
    const opened = openContainerNamespace(request, { scope, id, layers: [], withNetwork: false });
    creation.userNamespace = opened;
    if (opened?.user !== undefined) creation.record = { ...record, user: opened.user };
  },
};

const makeNamespaces: Step<PodCreation> = {
  name: "make-namespaces",
  async make(creation) {
    const { scope, record, paths, userNamespace } = creation;
    const { shared, hostname, shmSize, network } = record;
    const asked = {
      inner: userNamespace,
      net: network.mode !== "host" && shared.includes("net"),
      ipc: shared.includes("ipc"),
      uts: shared.includes("uts"),
      user: scope.kind === "user",
      hostname,
      shmSize,
    };
    creation.namespaces = await makePodNamespaces(asked, paths.directory);
  },
};

/** Begins to connect the pod to its networks; the record then has its addresses and ports. */
const connect: Step<PodCreation> = {
  name: "connect",
  make(creation) {
    const { scope, record, namespaces } = creation;
    const connection = connectPod(scope, record, namespaces);
    if (connection === undefined) return;
    creation.connection = connection;
    // A user's ports are published when the pod starts.
    const ports = scope.kind === "system" ? connection.ports : record.ports;
    creation.record = { ...record, ports, addresses: addressesByNetwork(connection.networks) };
    writePod(scope, creation.record);
  },
  async undo({ connection }) {
    await connection?.settle();
  },
};

const writeFiles: Step<PodCreation> = {
  name: "write-files",
  make({ record, connection, paths, userNamespace }) {
    writePodFiles(record, connection?.view, paths, userNamespace?.root);
  },
};

/** Waits for the network, and adds what only DHCP servers and plugins knew. */
const finishNetwork: Step<PodCreation> = {
  name: "finish-network",
  async make(creation) {
    const { record, paths, userNamespace } = creation;
    const connected = await creation.connection?.finish();
    if (connected === undefined) return;
    creation.record = { ...record, addresses: addressesByNetwork(connected.networks) };
    writePodFiles(creation.record, connected.view, paths, userNamespace?.root);
  },
};

/** Hands the namespaces to systemd. The record has them from then on: the pod is created. */
const pin: Step<PodCreation> = {
  name: "pin",
  make(creation) {
    const { scope, notifySocket, manager, namespaces } = creation;
    const pinned = pinNamespaces(notifySocket, manager, namespaces);
    closeNamespaces(namespaces);
    creation.record = { ...creation.record, namespaces: pinned };
    writePod(scope, creation.record);
    // The link leads to this process, which is about to end.
    updateNamespaceLink(scope, creation.record.name);
  },
};

/** What createPod() does once the name is claimed, in this order. */
export const CREATE_STEPS: readonly Step<PodCreation>[] = [
  note,
  openUserNamespace,
  makeNamespaces,
  connect,
  writeFiles,
  finishNetwork,
  pin,
];
