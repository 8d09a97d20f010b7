import type { Scope } from "../../../scope.ts";
import { RuntimeError } from "../../error.ts";
import { type Connection, connect } from "../connect/netavark-connection.ts";
import type { ConnectRequest } from "../connect/netavark-request.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../connect/network-namespace.ts";
import { returnRouteOf } from "./return-route.ts";
import { joinRootlessNetwork, ROOTLESS_UNITS } from "./rootless-namespace.ts";
import { openPublisher, type PortPublisher } from "./rootless-ports.ts";
import { readRootlessNamespace } from "./rootless-record.ts";

/**
 * connect() for an ordinary user, whose bridges are in the rootless network namespace: this process joins that, for
 * good. netavark publishes no ports there: a pasta for the container, which stays in the host's network, brings them in
 * by an interface of its own (PUBLISH_INTERFACE). `pin` is the path where the container's namespace is mounted for it
 * (see connectByPasta()).
 */
export function connectRootless(
  scope: Scope,
  request: ConnectRequest,
  own: NetworkNamespace | undefined,
  pin: string,
): Connection {
  const publisher = request.ports.length === 0 ? undefined : openPublisher(request.ports, own, pin);
  try {
    const connection = connectBridges(scope, request, publisher?.namespace ?? own);
    return publisher === undefined ? connection : publishBeside(connection, publisher);
  } catch (error) {
    publisher?.cancel();
    throw error;
  }
}

/** The connection, with its ports published while netavark works. */
function publishBeside(connection: Connection, publisher: PortPublisher): Connection {
  const publish = async () => {
    try {
      const addresses = connection.networks.flatMap((network) => network.addresses);
      await publisher.publish(returnRouteOf(addresses, connection.ports));
    } catch (error) {
      publisher.cancel();
      throw error;
    }
  };
  const published = publish();
  // finish() reports a failure, once netavark, which is at work, has ended too.
  published.catch(() => undefined);
  return {
    ...connection,
    finish: async () => {
      await Promise.all([connection.finish(), published]);
      await publisher.openReturnRoute();
      return undefined;
    },
    settle: async () => {
      await connection.settle();
      await published.catch(() => undefined);
    },
  };
}

function connectBridges(scope: Scope, request: ConnectRequest, own: NetworkNamespace | undefined): Connection {
  const rootless = readRootlessNamespace(scope);
  if (rootless === undefined || !joinRootlessNetwork(scope))
    throw new RuntimeError("network", `${ROOTLESS_UNITS.all} has ended`);
  const connected = connect(scope, own ?? makeNetworkNamespace(), { ...request, ports: [] });
  // The bridge's address is not the host's here, and pasta answers for the host's resolvers.
  const { gateway = connected.view.gateway, resolvers } = rootless;
  return { ...connected, ports: request.ports, view: { ...connected.view, gateway, resolvers } };
}
