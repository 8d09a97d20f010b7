import { type CommandContext, CommandError } from "../../cli/program/command.ts";
import type { PodRequest } from "../../state/pod-record.ts";
import type { FlagValues } from "../flags/parse.ts";
import { checkAddHost, checkDns } from "../values/address.ts";
import { checkExitPolicy } from "../values/exit-policy.ts";
import { checkHostName } from "../values/name.ts";
import { checkResolverWord } from "../values/network.ts";
import { checkPublishPort } from "../values/port.ts";
import { checkShare, parseShare } from "../values/share.ts";
import { checkSize, sizeInBytes } from "../values/size.ts";
import { checkVolume } from "../values/volume.ts";
import { parseVolume } from "./parse-mount.ts";
import { toNetworkRequest } from "./parse-network.ts";
import {
  assignments,
  FlagReader,
  nameInUnit,
  networkFlags,
  parseHost,
  parsePort,
  userNamespaceFlags,
} from "./parse-run-request.ts";

const SHM_SIZE = 64 * 1024 * 1024;

/**
 * The typed request of a `berth pod create` command line. Values are judged by the same checks as the keys of `.pod`
 * files. Throws CommandError (exit code 125, as podman) that names the flag.
 */
export function toPodRequest(
  flags: FlagValues,
  rest: readonly string[],
  { cwd, scope }: Pick<CommandContext, "cwd" | "scope">,
): PodRequest {
  const read = new FlagReader(flags);
  const name = nameInUnit(read.text("name") ?? rest[0]);
  if (name === undefined) throw new CommandError("no name for the pod given (--name)", 125);
  const unit = read.text("unit");
  if (unit === undefined) {
    const hint = "write a .pod file and start its service";
    throw new CommandError(`a pod is a unit of systemd's, which keeps its namespaces: ${hint}`, 125);
  }
  const shmSize = read.text("shm-size", checkSize);
  const shared = parseShare(read.text("share", checkShare));
  for (const [kind, names] of Object.entries(FLAGS_BY_KIND)) refuseUnshared(flags, kind, shared, names);
  return {
    name,
    unit,
    exitPolicy: (read.text("exit-policy", checkExitPolicy) ?? "continue") as PodRequest["exitPolicy"],
    hostname: read.list("hostname", checkHostName).at(-1) ?? name.slice(0, HOST_NAME_MAX),
    labels: assignments(read.list("label")),
    userNamespace: userNamespaceFlags(read),
    network: shared.includes("net") ? toNetworkRequest(networkFlags(read), scope.kind) : { mode: "none" },
    ports: read.list("publish", checkPublishPort).map(parsePort),
    addHosts: read.list("add-host", checkAddHost).map(parseHost),
    dns: read.list("dns", checkDns),
    dnsOptions: read.list("dns-option", checkResolverWord),
    dnsSearch: read.list("dns-search", checkResolverWord),
    shmSize: shmSize === undefined ? SHM_SIZE : (sizeInBytes(shmSize) ?? SHM_SIZE),
    mounts: read.list("volume", checkVolume).map((value) => parseVolume(value, cwd)),
    shared,
    replace: read.flag("replace"),
  };
}

/** sethostname(2). */
const HOST_NAME_MAX = 64;

/** Flags that are about what the containers share. */
const FLAGS_BY_KIND: Readonly<Record<string, readonly string[]>> = {
  ipc: ["shm-size"],
  net: [
    ...["add-host", "dns", "dns-option", "dns-search", "ip", "ip6", "mac-address", "network", "network-alias"],
    "publish",
  ],
  uts: ["hostname"],
};

function refuseUnshared(flags: FlagValues, kind: string, shared: readonly string[], names: readonly string[]): void {
  const given = shared.includes(kind) ? undefined : names.find((name) => flags[name] !== undefined);
  if (given !== undefined)
    throw new CommandError(`--${given} is for all containers of the pod, which do not share ${kind} (--share)`, 125);
}
