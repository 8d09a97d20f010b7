import type { FlagOccurrence } from "../../options/flags/parse.ts";
import { POD_FLAGS } from "../../options/flags/pod-flags.ts";
import type { SharedKind } from "../../options/values/share.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ResourceContext } from "../making/context.ts";
import { HostPaths } from "../making/host-path.ts";
import { addFlags } from "../making/key-flags.ts";
import { addNetworks, networkUnits } from "../making/network-flags.ts";
import { addPodmanArgs } from "../making/podman-args.ts";
import { POD_HELD, podRemoval } from "../making/running-service-stop.ts";
import type { ServiceLines } from "../making/service-lines.ts";
import { addUserMapping } from "../making/user-mapping.ts";
import { sharedKinds } from "../reading/pod-share.ts";
import { ownName } from "../reading/resource-name.ts";

/** The first process of a shared PID namespace, or pasta for a user's network or ports. */
type PodProcess = "init" | "pasta";

/** Keys that are plain flags, in Quadlet's order of command lines, where they stand in two places. */
const FIRST_FLAGS: readonly string[] = ["PublishPort", "Label"];
const LAST_FLAGS: readonly string[] = [
  ...["IP", "IP6", "ShmSize", "NetworkAlias", "DNS", "DNSOption", "DNSSearch", "AddHost", "HostName"],
];

/** Keys that are flags, but not plain ones. Any other key whose row names a flag follows {@link LAST_FLAGS}. */
const SPECIAL: readonly string[] = [
  ...["ExitPolicy", "GIDMap", "Network", "PodName", "SubGIDMap", "SubUIDMap", "UIDMap", "UserNS", "Volume"],
];
const PLACED: ReadonlySet<string> = new Set([...FIRST_FLAGS, ...LAST_FLAGS, ...SPECIAL]);

/** Keys about what the containers of a pod share, by the kind of namespace. */
const KEYS_BY_KIND: Readonly<Partial<Record<SharedKind, readonly string[]>>> = {
  ipc: ["ShmSize"],
  net: ["AddHost", "DNS", "DNSOption", "DNSSearch", "IP", "IP6", "Network", "NetworkAlias", "PublishPort"],
  uts: ["HostName"],
};

/**
 * The service of a `.pod` file. `berth pod create` makes the shared namespaces and passes them to the manager's file
 * descriptor store, which keeps them until the service stops: that takes no process. Where one is needed (see {@link
 * PodProcess}), it is the service's main process. Conditions that only show at run time may add one too, whose failure
 * is then the service's.
 */
export function podService(context: ResourceContext): ServiceLines {
  const { keys, options, parsed } = context;
  const name = ownName(parsed);
  const command = (words: string): CommandLine => new CommandLine().literal(options.berth).plain(words);
  const paths = new HostPaths(parsed);
  const time = keys.string("StopTimeout")?.text ?? "10";
  const create = createCommand(context, name, paths);
  const service: Directive[] = [
    ...POD_HELD,
    ["ExecStartPre", create.line],
    ["ExecStart", command("pod start").expanded(name).toString()],
    ["ExecStop", command(`pod stop --ignore --time=${time}`).expanded(name).toString()],
    ["ExecStopPost", podRemoval(name, options)],
  ];
  service.push(...checkService(context, create.process));
  checkUnshared(context);
  const members = context.podMembers.of(parsed).filter(({ startsWithPod }) => startsWithPod);
  const unit = members.flatMap(({ container }): Directive[] => [
    ["Wants", container.serviceName],
    ["Before", container.serviceName],
  ]);
  return {
    unit: [...create.needed, ...paths.mountsNeeded, ...unit],
    service,
    hasMainProcess: create.process !== undefined,
  };
}

function createCommand(
  context: ResourceContext,
  name: string,
  paths: HostPaths,
): { readonly line: string; readonly needed: readonly Directive[]; readonly process: PodProcess | undefined } {
  const { keys, options, parsed, references, report } = context;
  const line = new CommandLine().literal(options.berth).plain("pod create --unit %n --exit-policy");
  line.plain(keys.string("ExitPolicy")?.text ?? "stop");
  addUserMapping(line, keys, report, options.scope === "user");
  addFlags(line, keys, ...FIRST_FLAGS);
  const network = addNetworks(line, keys, context, options.scope === "user" ? "pasta" : "bridge");
  addFlags(line, keys, ...LAST_FLAGS, ...keys.flagsBeside(PLACED));
  for (const { text } of keys.list("Volume", references.volume)) line.plain("-v").expanded(paths.volume(text));
  keys.string("PodName");
  line.plain("--name").expanded(name);
  const flags = addPodmanArgs(line, keys, parsed.type.keys(), report, POD_FLAGS);
  const process = processOf(network, flags, context);
  return { line: line.toString(), needed: networkUnits(network, options.scope), process };
}

/** The process that a pod needs for certain, if any. */
function processOf(
  network: string,
  flags: readonly FlagOccurrence[],
  { keys, options, parsed }: ResourceContext,
): PodProcess | undefined {
  const shared = sharedKinds(parsed);
  const given = (name: string) => flags.filter(({ flag }) => flag.name === name).map(({ value }) => value?.text ?? "");
  if (shared.includes("pid")) return "init";
  const kind = given("network").at(-1)?.split(":")[0] ?? network;
  if (options.scope === "system" || !shared.includes("net") || kind === "host" || kind === "none") return undefined;
  return kind === "pasta" || keys.has("PublishPort") || given("publish").length > 0 ? "pasta" : undefined;
}

/** Reports keys for namespaces that the containers do not share. */
function checkUnshared({ keys, parsed, report }: ResourceContext): void {
  const shared = sharedKinds(parsed);
  for (const [kind, names] of Object.entries(KEYS_BY_KIND)) {
    if (shared.includes(kind as SharedKind)) continue;
    for (const name of names) {
      const entry = keys.entry(name);
      if (entry === undefined) continue;
      const message = `${name}= is for all containers, which do not share ${kind} (--share in PodmanArgs=)`;
      report.item(entry, { code: "not-shared", message, hint: "write it in the containers" });
    }
  }
}

/** Reports lines of `[Service]` that contradict berth's, and returns lines for the process. */
function checkService({ service, report }: ResourceContext, process: PodProcess | undefined): Directive[] {
  const remain = service.get("RemainAfterExit");
  if (remain !== undefined) {
    const message = "RemainAfterExit= of a pod is set by berth, which knows whether it has a process";
    report.item(remain, { code: "managed-directive", message });
  }
  if (process === undefined) return [];
  const lines: Directive[] = [];
  // The first process of a PID namespace ignores signals until it has become what it is to be.
  if (!service.has("KillMode")) lines.push(["KillMode", "mixed"]);
  // The OCI runtime makes a cgroup for it.
  if (process === "init" && !service.has("Delegate")) lines.push(["Delegate", "yes"]);
  // As with podman: however the process ended, the containers still need it.
  if (!service.has("Restart")) lines.push(["Restart", "on-failure"]);
  return lines;
}
