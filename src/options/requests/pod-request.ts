import type { HostEntry } from "../values/address.ts";
import type { ExitPolicy } from "../values/exit-policy.ts";
import type { PortMapping } from "../values/port.ts";
import type { SharedKind } from "../values/share.ts";
import type { MountRequest, NetworkRequest, UserNamespaceRequest } from "./run-request.ts";

/** A pod to be made: the typed form of `berth pod create`'s command line. */
export interface PodRequest {
  readonly name: string;
  /** The systemd service that is the pod. */
  readonly unit: string;
  /** Whether the pod ends with its last container. */
  readonly exitPolicy: ExitPolicy;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  /** That of all its containers. */
  readonly userNamespace: UserNamespaceRequest;
  readonly network: NetworkRequest;
  readonly ports: readonly PortMapping[];
  readonly addHosts: readonly HostEntry[];
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  /** Bytes; 0 is unlimited. */
  readonly shmSize: number;
  /** In all containers of the pod. */
  readonly mounts: readonly MountRequest[];
  /** Which namespaces the containers share, beside the user namespace. */
  readonly shared: readonly SharedKind[];
  /** Take the place of a pod of the same name. */
  readonly replace: boolean;
}
