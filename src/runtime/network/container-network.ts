import type { RunRequest } from "../../options/requests/run-request.ts";
import { valueIn } from "../../options/values/check.ts";
import { parseNetworkAlias } from "../../options/values/network.ts";
import type { Scope } from "../../scope.ts";
import { RuntimeError } from "../error.ts";
import type { ContainerNamespace } from "../user-namespace/container-namespace.ts";
import { addressesByNetwork, type ConnectedNetworks } from "./connect/connected-networks.ts";
import { connect } from "./connect/netavark-connection.ts";
import type { ConnectRequest } from "./connect/netavark-request.ts";
import { makeNetworkNamespace } from "./connect/network-namespace.ts";
import type { NetworkView } from "./names/etc-files.ts";
import { connectByPasta } from "./users/pasta.ts";
import { connectRootless } from "./users/rootless-connection.ts";

/** A container's addresses, name resolution and ports. */
export interface NetworkSettings {
  /** By the networks' names; `pasta` for the addresses that pasta gives. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** For /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
  /** The published ports, with the host's. */
  readonly ports: RunRequest["ports"];
}

/** A container's own network, while netavark or pasta sets it up beside this process. */
export interface ContainerNetwork {
  /** The namespace's path for the OCI runtime, valid once joinable() has resolved. */
  readonly path: string;
  /** A descriptor that has to stay open for the path to be valid, if any. */
  readonly fd: number | undefined;
  /** What is known beforehand: all of it where berth leases the addresses, nothing with pasta. */
  readonly settings: NetworkSettings | undefined;
  joinable(): Promise<void>;
  /** Resolves once the network is set up, with what was not known before; rejects with "network". */
  finish(): Promise<NetworkSettings | undefined>;
  /** Resolves once netavark or pasta has ended, in success or not: only then can the network be torn down. */
  settle(): Promise<void>;
}

/** The container that a network is opened for. */
export interface NetworkOwner {
  readonly scope: Scope;
  readonly inUserNamespace: boolean;
  readonly id: string;
  readonly name: string;
  /** A path at which a user's network namespace can be mounted. */
  readonly pin: string;
  /** See ConnectRequest. */
  readonly atOnce: boolean;
  /** The container's own user namespace, with the network namespace that belongs to it. */
  readonly namespace: ContainerNamespace | undefined;
}

/**
 * Begins to connect a container to its networks; undefined for one without a network of its own. Throws as connect()
 * and connectByPasta() do, and "bad-request" for ports or networks that this container cannot have.
 */
export function openContainerNetwork(request: RunRequest, owner: NetworkOwner): ContainerNetwork | undefined {
  const { network, ports } = request;
  const { inUserNamespace } = owner;
  switch (network.mode) {
    case "bridge":
      return openBridges(connectRequest(request, network.networks, owner), owner);
    case "pasta":
      if (inUserNamespace) return openPasta(request, network.options, owner);
      throw new RuntimeError(
        "bad-request",
        "the network pasta is for a user's containers: ask for bridge, host or none",
      );
    default:
      if (ports.length > 0)
        throw new RuntimeError("bad-request", `ports are not published with the network ${network.mode}`);
      return undefined;
  }
}

function openBridges(
  request: ConnectRequest,
  { scope, inUserNamespace, pin, namespace }: NetworkOwner,
): ContainerNetwork {
  const connection = inUserNamespace
    ? connectRootless(scope, request, namespace?.network, pin)
    : connect(scope, namespace?.network ?? makeNetworkNamespace(), request);
  return {
    path: connection.namespace.path,
    fd: connection.namespace.fd,
    settings: settingsOf(connection),
    joinable: async () => undefined,
    finish: async () => {
      const connected = await connection.finish();
      return connected === undefined ? undefined : settingsOf(connected);
    },
    settle: () => connection.settle(),
  };
}

function openPasta(
  { ports }: RunRequest,
  options: readonly string[],
  { pin, namespace }: NetworkOwner,
): ContainerNetwork {
  const pasta = connectByPasta({ path: pin, namespace: namespace?.network?.path, options, ports });
  return {
    path: pin,
    fd: undefined,
    settings: undefined,
    joinable: () => pasta.pinned,
    finish: async () => {
      const view = await pasta.view;
      return { addresses: { pasta: view.addresses }, view, ports };
    },
    settle: async () => {
      await pasta.view.catch(() => undefined);
    },
  };
}

function connectRequest(
  request: RunRequest,
  attachments: ConnectRequest["networks"],
  { id, name, atOnce }: NetworkOwner,
): ConnectRequest {
  const { ports, dns, hostname = name } = request;
  const service = serviceName(request);
  const networks = attachments.map((network) => ({ ...network, aliases: [...network.aliases, ...service] }));
  return { owner: id, name, hostname, networks, ports, dns, atOnce };
}

function settingsOf({ networks, view, ports }: ConnectedNetworks): NetworkSettings {
  return { addresses: addressesByNetwork(networks), view, ports };
}

/** The service's name as a DNS name of the container, if it can be one. */
export function serviceName({ unit }: RunRequest): string[] {
  const name = unit === undefined ? undefined : valueIn(parseNetworkAlias(unit.replace(/\.service$/, "")));
  return name === undefined ? [] : [name];
}
