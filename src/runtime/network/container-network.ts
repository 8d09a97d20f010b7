import type { RunRequest } from "../../options/requests/run-request.ts";
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

/** What is known of a container's place in its networks. */
export interface NetworkSettings {
  /** By the networks' names; those that pasta gives have its name. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** What is to be said in /etc/hosts and /etc/resolv.conf. */
  readonly view: NetworkView;
  /** Those that are published, with the host's ports. */
  readonly ports: RunRequest["ports"];
}

/** A container's own network, on which other programs are at work. */
export interface ContainerNetwork {
  /** Where the OCI runtime finds the namespace once joinable() has resolved. */
  readonly path: string;
  /** A descriptor of the namespace that has to stay open for that, if any. */
  readonly fd: number | undefined;
  /** What is known beforehand: all, where berth itself gives the addresses. */
  readonly facts: NetworkSettings | undefined;
  joinable(): Promise<void>;
  /** Resolves once everything is in place, with what was not known before; rejects with "network". */
  finish(): Promise<NetworkSettings | undefined>;
  /** Resolves once nothing is under way any more: what is still being made cannot be taken away. */
  settle(): Promise<void>;
}

/** For whom a network is opened. */
export interface NetworkOwner {
  readonly scope: Scope;
  readonly inUserNamespace: boolean;
  readonly id: string;
  readonly name: string;
  /** Where a user's network namespace can be mounted. */
  readonly pin: string;
  /** See ConnectRequest. */
  readonly atOnce: boolean;
  /** The container's own user namespace, which has a network namespace then. */
  readonly namespace: ContainerNamespace | undefined;
}

/**
 * Begins to connect a container to its networks; undefined where it has none of its own. Throws as connect() and
 * connectByPasta() do, and "bad-request" for ports or networks that this container cannot have.
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
    facts: settingsOf(connection),
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
    facts: undefined,
    joinable: () => pasta.pinned,
    finish: async () => {
      const view = await pasta.facts;
      return { addresses: { pasta: view.addresses }, view, ports };
    },
    settle: async () => {
      await pasta.facts.catch(() => undefined);
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

/** The service's name is one of the container's, where a name server can find it. */
export function serviceName({ unit }: RunRequest): string[] {
  const name = unit?.replace(/\.service$/, "");
  return name !== undefined && /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$/.test(name) ? [name] : [];
}
