import { OptionError } from "../error.ts";
import { FlagReader, parseFlag } from "../flags/flag-reader.ts";
import type { FlagValues } from "../flags/parse.ts";
import { POD, type PodFlag } from "../flags/pod-flags.ts";
import { HOST_NAME_MAX, parseNameInUnit } from "../values/name.ts";
import { SHARED_BY_DEFAULT, type SharedKind } from "../values/share.ts";
import { volumeRequest } from "./parse-mount.ts";
import { toNetworkRequest } from "./parse-network.ts";
import type { RequestContext } from "./parse-run-request.ts";
import { toUserNamespaceRequest } from "./parse-user-namespace.ts";
import type { PodRequest } from "./pod-request.ts";

/** The typed request of a `berth pod create` command line. Throws OptionError that names the flag. */
export function toPodRequest(flags: FlagValues, rest: readonly string[], { cwd, scope }: RequestContext): PodRequest {
  const read = new FlagReader<PodFlag>(POD, flags);
  const given = read.one("name") ?? rest[0];
  if (given === undefined) throw new OptionError("no-name", "no name for the pod given (--name)");
  const name = parseFlag(POD.name, given, parseNameInUnit);
  const unit = read.one("unit");
  if (unit === undefined) {
    const hint = "write a .pod file and start its service";
    throw new OptionError("no-unit", `a pod is a unit of systemd's, which keeps its namespaces: ${hint}`);
  }
  const shared = read.one("share") ?? SHARED_BY_DEFAULT;
  refuseUnshared(read, shared);
  return {
    ...read.properties(),
    name,
    unit,
    hostname: read.list("hostname").at(-1) ?? name.slice(0, HOST_NAME_MAX),
    userNamespace: toUserNamespaceRequest({
      mode: read.one("userns"),
      uids: read.list("uidmap"),
      gids: read.list("gidmap"),
      users: read.one("subuidname"),
      groups: read.one("subgidname"),
      texts: (flag) => read.texts(flag),
    }),
    network: shared.includes("net")
      ? toNetworkRequest(
          {
            networks: read.list("network"),
            ip: read.one("ip"),
            ip6: read.one("ip6"),
            mac: read.one("mac-address"),
            aliases: read.list("network-alias"),
          },
          scope.kind,
        )
      : { mode: "none" },
    mounts: read.list("volume").map((volume) => volumeRequest(volume, cwd)),
    shared,
  };
}

/** Flags that are about what the containers share. */
const FLAGS_BY_KIND: Readonly<Partial<Record<SharedKind, readonly PodFlag["name"][]>>> = {
  ipc: ["shm-size"],
  net: [
    ...(["add-host", "dns", "dns-option", "dns-search", "ip", "ip6", "mac-address", "network"] as const),
    ...(["network-alias", "publish"] as const),
  ],
  uts: ["hostname"],
};

function refuseUnshared(read: FlagReader<PodFlag>, shared: readonly SharedKind[]): void {
  for (const [kind, names] of Object.entries(FLAGS_BY_KIND)) {
    const given = shared.some((other) => other === kind) ? undefined : names.find((name) => read.has(name));
    if (given === undefined) continue;
    const message = `--${given} is for all containers of the pod, which do not share ${kind} (--share)`;
    throw new OptionError("not-shared", message);
  }
}
