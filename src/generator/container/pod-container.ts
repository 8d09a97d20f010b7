import { valueIn } from "../../options/values/check.ts";
import { parseStopTimeout } from "../../options/values/stop-timeout.ts";
import { givenEntries, headersOf, lastEntry } from "../../unit/lookup.ts";
import { escapeSpecifiers } from "../../unit/quoting.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { isInstance, isTemplate, splitName } from "../../unit/unit-name.ts";
import { unquoteString } from "../../unit/words.ts";
import type { ContainerContext, GeneratedLink } from "../making/context.ts";
import { sharedKinds } from "../reading/pod-share.ts";
import type { Value } from "../reading/report.ts";
import { settleSpecifiers } from "../reading/resource-name.ts";
import type { ParsedSource } from "../reading/source.ts";

/** Keys for what all containers of a pod share. Podman refuses them when it runs the container. */
const SHARED_NETWORK: readonly string[] = ["AddHost", "IP", "IP6", "NetworkAlias", "PublishPort"];
const SHARED_NAME: readonly string[] = ["HostName"];
const SHARED_ALWAYS: readonly string[] = ["GIDMap", "SubGIDMap", "SubUIDMap", "UIDMap", "UserNS"];
/** Keys that Podman ignores in a container of a pod: those of the network, and those of what is always shared. */
const PODS_RESOLVER: readonly string[] = ["DNS", "DNSOption", "DNSSearch"];
const PODS_OWN: readonly string[] = ["ShmSize"];

/** The effects of a pod on a container's service. */
export interface PodMembership {
  /** The `Pod=`, with the pod's name as its text. */
  readonly pod: Value;
  readonly unit: readonly Directive[];
  readonly service: readonly Directive[];
  /** The pod's `StopTimeout=`, in seconds, for containers without one. */
  readonly stopTimeout: number | undefined;
  readonly links: readonly GeneratedLink[];
}

/** Reads `Pod=`; undefined without one. Keys that contradict the pod are reported. */
export function podMembership(context: ContainerContext): PodMembership | undefined {
  const { container, parsed, references, report, service } = context;
  const pod = container.string("Pod", references.pod);
  const starts = container.boolean("StartWithPod") ?? !container.mentions("StartWithPod");
  if (pod?.target === undefined) {
    const alone = container.has("Pod") ? undefined : container.string("StartWithPod");
    if (alone !== undefined) {
      const message = "StartWithPod= has no effect without Pod=";
      report.item(alone.entry, { code: "no-pod", message }, "warning");
    }
    return undefined;
  }
  checkShared(context, pod.target);
  checkSocket(context, pod.target);
  const slice = givenEntries(pod.target.sections.get("Service")).get("Slice");
  return {
    pod,
    unit: endsWithLast(pod.target) ? exitLines(pod.target) : [],
    // Limits of the whole pod are set on its slice.
    service:
      slice === undefined || service.has("Slice")
        ? []
        : [["Slice", settleSpecifiers(slice.value, pod.target.serviceName)]],
    stopTimeout: ownStopTimeout(pod.target),
    links: starts ? instanceLink(parsed, pod.target) : [],
  };
}

function checkShared({ container, report }: ContainerContext, pod: ParsedSource): void {
  const hint = `write it in ${pod.source.name}`;
  const shared = sharedKinds(pod);
  const onPodsNetwork = shared.includes("net") && !container.has("Network");
  const refused = [onPodsNetwork ? SHARED_NETWORK : [], shared.includes("uts") ? SHARED_NAME : [], SHARED_ALWAYS];
  for (const key of refused.flat()) {
    if (container.spec(key).status !== "supported") continue;
    const entry = container.entry(key);
    if (entry === undefined) continue;
    report.item(entry, { code: "shared-in-pod", message: `${key}= is shared by all containers of the pod`, hint });
  }
  for (const key of [...PODS_RESOLVER, ...PODS_OWN]) {
    const entry = container.spec(key).status === "supported" ? container.entry(key) : undefined;
    if (entry === undefined || !isPodsOwn({ container }, pod, key)) continue;
    const message = `${key}= has no effect in a pod, which has its own`;
    report.item(entry, { code: "overridden", message, hint }, "warning");
  }
}

/** sd_listen_fds(3): LISTEN_PID names the process that gets the sockets, and only the PID 1 is known in advance. */
function checkSocket({ parsed, berth, report }: ContainerContext, pod: ParsedSource): void {
  if (!parsed.sections.has("Socket") || berth.has("SocketProxy") || !sharedKinds(pod).includes("pid")) return;
  const header = headersOf(parsed.file).find(({ section }) => section === "Socket");
  const message = `sockets cannot be handed to a container of ${pod.source.name}, whose containers share a PID namespace`;
  const problem = { code: "socket-without-pid", message, hint: "use SocketProxy= in [Berth], or no --share pid" };
  if (header !== undefined) report.item(header, problem);
}

/** Whether a key has no effect in a container of the pod. With Network= the container is not on the pod's network. */
export function isPodsOwn({ container }: Pick<ContainerContext, "container">, pod: ParsedSource, key: string): boolean {
  if (PODS_OWN.includes(key)) return sharedKinds(pod).includes("ipc");
  return PODS_RESOLVER.includes(key) && !container.has("Network") && sharedKinds(pod).includes("net");
}

/** Whether the pod is stopped with the last of its containers. */
function endsWithLast(pod: ParsedSource): boolean {
  return ownValue(pod, "ExitPolicy") !== "continue";
}

function ownStopTimeout(pod: ParsedSource): number | undefined {
  const text = ownValue(pod, "StopTimeout");
  return text === undefined ? undefined : valueIn(parseStopTimeout(text));
}

function ownValue(pod: ParsedSource, key: string): string | undefined {
  const entry = lastEntry(pod.sections.get(pod.type.section), key);
  return entry === undefined ? undefined : unquoteString(entry.value);
}

/** However the container ends for good, units/berth-pod-exit@.service checks the pod. */
function exitLines(pod: ParsedSource): Directive[] {
  const { prefix, instance } = splitName(pod.serviceName);
  const shown = instance === "" ? "@%i" : instance === undefined ? "" : `@${escapeSpecifiers(instance)}`;
  const unit = `berth-pod-exit@${escapeSpecifiers(prefix)}${shown}.service`;
  return [
    ["OnSuccess", unit],
    ["OnFailure", unit],
  ];
}

/** A template's unit cannot name one instance's container: a link makes that instance want it. */
function instanceLink(container: ParsedSource, pod: ParsedSource): GeneratedLink[] {
  const { instance } = splitName(container.serviceName);
  if (!isTemplate(pod.serviceName) || !isInstance(container.serviceName)) return [];
  const wanting = pod.serviceName.replace("@.", () => `@${instance}.`);
  return [{ path: `${wanting}.wants/${container.serviceName}`, target: `../${container.serviceName}` }];
}
