import type { DiffId } from "../../image/document/digest.ts";
import type { StoredImage } from "../../image/store/store.ts";
import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { MountRequest, NetworkRequest, RunRequest } from "../../options/requests/run-request.ts";
import type { Scope } from "../../scope.ts";
import type { ContainerRecord } from "../../state/container-record.ts";
import type { RunningUnit } from "../../state/running-units.ts";
import { stopSignalNumber } from "../../state/stop-signals.ts";
import type { ProcessIdentity } from "../../system/process-identity.ts";
import { idMapOption } from "../mount/mount-context.ts";
import { serviceName } from "../network/container-network.ts";
import { type ContainerCgroup, containerCgroup } from "../oci-runtime/container-cgroup.ts";
import { payloadArguments } from "../spec/oci-config.ts";
import { mountedVolumes } from "./mounted-images.ts";

/** The facts that a plan depends on, besides the request and the image. */
export interface StartFacts {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The OCI runtime that makes it. */
  readonly runtime: OciRuntimeName;
  readonly scope: Scope["kind"];
  /** The process that starts the container. */
  readonly launcher: ProcessIdentity;
  /** RFC 3339. */
  readonly created: string;
  /** The service that a container in the foreground is started in without being its unit. */
  readonly caller?: string | undefined;
  /** The cgroup that systemd has delegated to the unit; undefined in a shell, and beside cgroup v1. */
  readonly unitCgroup: string | undefined;
  readonly hostHostname: string;
  /** The pod to join; `hostname` is undefined if each of its containers has its own. */
  readonly pod: { readonly id: string; readonly unit: string; readonly hostname: string | undefined } | undefined;
  /** Layers, lowest first, of the images to mount in the container, by the names in the request. */
  readonly otherImages: ReadonlyMap<string, readonly DiffId[]>;
}

/** All decisions about one container's start, taken before anything is made. */
export interface StartPlan {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly cgroup: ContainerCgroup;
  /** The record as written before the network: without addresses, and with the requested ports. */
  readonly record: ContainerRecord;
  /** The note about the unit that the container runs in. */
  readonly unit: { readonly name: string; readonly runs: RunningUnit } | undefined;
  readonly otherImages: ReadonlyMap<string, readonly DiffId[]>;
  /** The user namespace to open, and whether a network namespace belongs to it; undefined for none. */
  readonly userNamespace: { readonly withNetwork: boolean } | undefined;
  /** Whether any mount has the option idmap. */
  readonly mapsMountIds: boolean;
  /** Whether the bundle depends on no file or server that could hold it up. */
  readonly mountsAtOnce: boolean;
  /** Whether the network has to be finished before the OCI runtime creates the container. */
  readonly networkFirst: boolean;
  /** The ID of the network's owner: the container, or its pod. */
  readonly networkOwner: string;
  /** Names by which the networks of the pod find the container. */
  readonly memberNames: readonly string[];
}

/**
 * Plans the start of a container. `request` is complete: host ports are chosen, and the pod's settings are in it.
 * Throws "bad-request" if there is no command, and "systemd" for a unit without a cgroup.
 */
export function planStart(request: RunRequest, image: StoredImage, facts: StartFacts): StartPlan {
  const { id, pod, otherImages } = facts;
  const short = id.slice(0, 12);
  const name = request.name ?? short;
  const caller = facts.caller === undefined ? undefined : { service: facts.caller, stopTimeout: request.stopTimeout };
  const cgroup = containerCgroup(request.unit, id, facts.unitCgroup, { kind: facts.scope, caller });
  const podOfNetwork = request.network.mode === "pod" ? pod : undefined;
  return {
    id,
    name,
    hostname: pod?.hostname ?? request.hostname ?? (request.network.mode === "host" ? facts.hostHostname : short),
    cgroup,
    record: planRecord(request, image, facts, { name, cgroup: cgroup.suffix }),
    unit:
      request.unit === undefined
        ? undefined
        : {
            name: request.unit,
            runs: {
              kind: "container",
              id,
              stopTimeout: request.stopTimeout,
              stopSignal: stopSignalNumber(stopSignal(request, image)),
              ...(pod && { pod: pod.unit }),
            },
          },
    otherImages,
    userNamespace:
      request.userNamespace.mode === "host" && request.idsOf === undefined
        ? undefined
        : { withNetwork: hasOwnNetwork(request.network) },
    mapsMountIds: request.mounts.some(({ options }) => idMapOption(options) !== undefined),
    mountsAtOnce: mountsAtOnce(request, image),
    networkFirst: setsSysctlsOfInterfaces(request),
    networkOwner: podOfNetwork?.id ?? id,
    memberNames: podOfNetwork === undefined ? [] : [...new Set([name, short, ...serviceName(request)])],
  };
}

function planRecord(
  request: RunRequest,
  image: StoredImage,
  facts: StartFacts,
  { name, cgroup }: Pick<ContainerRecord, "name" | "cgroup">,
): ContainerRecord {
  const { id, launcher, created, otherImages } = facts;
  return {
    id,
    name,
    unit: request.unit,
    image: image.reference || request.image,
    imageDigest: image.configDigest,
    imageLayers: image.layers,
    otherImages: [...otherImages.values()],
    volumes: mountedVolumes(request.mounts),
    command: payloadArguments(request, image.config),
    created,
    cgroup,
    launcher,
    network: request.network,
    pod: request.pod,
    addresses: {},
    ports: request.ports,
    labels: { ...image.config.labels, ...request.labels },
    stopSignal: stopSignal(request, image),
    stopTimeout: request.stopTimeout,
    ...(facts.caller === undefined ? {} : { caller: facts.caller }),
    runtime: facts.runtime,
  };
}

/** Without SIG. */
function stopSignal(request: RunRequest, image: StoredImage): string {
  return (request.stopSignal ?? (image.config.stopSignal || "TERM")).toUpperCase().replace(/^SIG/, "");
}

/** Whether a network namespace is made for the container alone, and connected. */
function hasOwnNetwork({ mode }: NetworkRequest): boolean {
  return mode === "bridge" || mode === "pasta";
}

/**
 * Whether the bundle never has to wait, as it may for a file server that does not answer, for a volume to be filled, or
 * for owners to be changed. File systems that the kernel makes are there at once.
 */
function mountsAtOnce({ mounts }: RunRequest, { config }: StoredImage): boolean {
  return config.volumes.length === 0 && mounts.every(({ type }) => KERNEL_FILE_SYSTEMS.includes(type));
}

const KERNEL_FILE_SYSTEMS: readonly string[] = ["tmpfs", "ramfs", "devpts"] satisfies MountRequest["type"][];

/** The OCI runtime sets sysctls when it creates the container: those of an interface only if the interface is there. */
function setsSysctlsOfInterfaces({ sysctls }: RunRequest): boolean {
  return Object.keys(sysctls).some((name) => /^net\..*\.(?:conf|neigh)\./.test(name));
}
