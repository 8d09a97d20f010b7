import { type Problem, quoted } from "../../options/values/check.ts";
import { takesOthers } from "../../options/values/network.ts";
import { lastEntry } from "../../unit/lookup.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { type KeyReader, parseBoolean } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { CommandLine } from "./command-line.ts";
import type { UnitContext } from "./context.ts";

/** Kinds of network without addresses to choose or names to look up. */
const WITHOUT_ADDRESSES: readonly string[] = ["container", "host", "none", "ns", "pasta"];
/** units/berth-networks.target. */
const USERS_NETWORKS = "berth-networks.target";
/** Kinds of network in which no ports are published: they belong to another owner, or there is none. */
const WITHOUT_PORTS: readonly string[] = ["container", "host", "none", "ns"];

/** Keys that contradict some kinds of network. Podman reports them when it makes the container. */
interface Conflict {
  readonly keys: readonly string[];
  readonly kinds: readonly string[];
  readonly message: (key: string, kind: string) => string;
}

const CONFLICTS: readonly Conflict[] = [
  {
    keys: ["IP", "IP6", "NetworkAlias"],
    kinds: WITHOUT_ADDRESSES,
    message: (key, kind) => `${key}= needs a network with addresses of its own, which Network=${kind} is not`,
  },
  {
    keys: ["DNS", "DNSOption", "DNSSearch"],
    kinds: ["container", "none"],
    message: (key, kind) => `${key}= has no effect with Network=${kind}`,
  },
  {
    keys: ["AddHost"],
    kinds: ["container"],
    message: (key) => `${key}= is for the container whose network this is`,
  },
];

/**
 * Adds `--network` for each `Network=` of a container or a pod, and reports contradictions. Returns the kind: `bridge`,
 * `host`, `none`, `container`, `ns`, `pasta`, or a network's name; `byDefault` if none is given.
 */
export function addNetworks(line: CommandLine, keys: KeyReader, context: UnitContext, byDefault: string): string {
  const { references, report, options } = context;
  const values = keys.list("Network", references.network);
  const [first] = values;
  const single = values.length > 1 ? values.find(({ text }) => !takesOthers(text)) : undefined;
  if (single !== undefined) {
    const message = `${quoted(single.text)} cannot be given together with other networks`;
    report.value(single, { code: "bad-network", message });
  }
  const [kind = ""] = (first?.text ?? byDefault).split(":", 1);
  const problem = notInScope(kind, options.scope);
  if (first !== undefined && problem !== undefined) report.value(first, problem);
  for (const { text } of values) line.plain("--network").expanded(text);
  // A line with an error does not say what was meant.
  if (first === undefined && keys.has("Network")) return kind;
  reportConflicts(kind, keys, report);
  if (keys.has("PublishPort")) warnOfPorts(kind, values, keys, context);
  return kind;
}

function reportConflicts(kind: string, keys: KeyReader, report: Report): void {
  for (const { keys: names, kinds, message } of CONFLICTS) {
    for (const name of kinds.includes(kind) ? names : []) {
      const entry = keys.entry(name);
      if (entry !== undefined) report.item(entry, { code: "not-for-network", message: message(name, kind) });
    }
  }
}

/** Warns of ports that the kind of network, or all of the networks, do not publish. */
function warnOfPorts(
  kind: string,
  networks: readonly Value[],
  keys: KeyReader,
  { options, report }: UnitContext,
): void {
  const closed =
    options.scope === "system" && networks.length > 0 ? networks.map(({ target }) => withoutPorts(target)) : [];
  const reason = WITHOUT_PORTS.includes(kind) ? `Network=${kind}` : closed.every(Boolean) ? closed[0] : undefined;
  const published = reason === undefined ? undefined : keys.entry("PublishPort");
  if (published === undefined) return;
  const message = `ports are not published with ${reason}`;
  // In another's network there is somebody else who might publish it: the start refuses that.
  const severity = kind === "container" || kind === "ns" ? "error" : "warning";
  report.item(published, { code: "port-without-network", message }, severity);
}

/** The reason why netavark publishes no ports in the network that a file makes; undefined if it does. */
function withoutPorts(target: ParsedSource | undefined): string | undefined {
  if (target?.type.extension !== "network") return undefined;
  const section = target.sections.get("Network");
  const file = target.source.name;
  const driver = lastEntry(section, "Driver")?.value;
  if (driver === "macvlan" || driver === "ipvlan")
    return `${file}, whose containers are reached by their own addresses`;
  const internal = parseBoolean(lastEntry(section, "Internal")?.value ?? "") === true;
  return internal ? `${file}, which is Internal=yes` : undefined;
}

/** Lines of `[Unit]`: a user's bridges exist as long as units of their own hold their namespace. */
export function networkUnits(kind: string, scope: "system" | "user"): Directive[] {
  const isBridge = kind !== "pod" && (kind === "bridge" || !WITHOUT_ADDRESSES.includes(kind));
  if (scope === "system" || !isBridge) return [];
  return [
    ["Requires", USERS_NETWORKS],
    ["After", USERS_NETWORKS],
  ];
}

/** The problem of a network that this scope cannot have. */
function notInScope(kind: string, scope: "system" | "user"): Problem | undefined {
  if (scope === "system" && kind === "pasta")
    return { code: "bad-network", message: "pasta is for a user's containers", hint: "bridge, host or none" };
  return undefined;
}
