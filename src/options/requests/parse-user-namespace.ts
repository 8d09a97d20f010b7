import type { IdMapping } from "../../id-map.ts";
import type { OptionError } from "../error.ts";
import { refusal } from "../flags/flag-reader.ts";
import { overlapOf, type UserNamespaceMode } from "../values/user-namespace.ts";
import type { UserNamespaceRequest } from "./run-request.ts";

/** The values of podman's flags about user namespaces, of which only one kind can be given. */
export interface UserNamespaceFlags {
  readonly mode: UserNamespaceMode | undefined;
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
  /** Names in /etc/subuid and /etc/subgid. */
  readonly users: string | undefined;
  readonly groups: string | undefined;
  /** The words of a flag as they were given, for messages. */
  readonly texts: (flag: "userns" | "uidmap" | "gidmap") => readonly string[];
}

/** The user namespace that the flags ask for. Throws OptionError for what cannot be together. */
export function toUserNamespaceRequest(flags: UserNamespaceFlags): UserNamespaceRequest {
  const { mode, uids, gids, users, groups } = flags;
  const mapped = uids.length > 0 || gids.length > 0;
  const named = users ?? groups;
  if (!mapped && named === undefined) return onlyMode(mode);
  if (mapped && named !== undefined) throw refuse("subuidname", named, "cannot be combined with --uidmap and --gidmap");
  if (mode !== undefined && mode.mode !== "private") {
    const others = mapped ? "--uidmap and --gidmap" : "--subuidname";
    throw refuse("userns", flags.texts("userns")[0] ?? "", `cannot be combined with ${others}`);
  }
  if (named !== undefined) return { mode: "subordinate", users: users ?? named, groups: groups ?? named };
  return mapsOf(flags);
}

function onlyMode(mode: UserNamespaceMode | undefined): UserNamespaceRequest {
  if (mode?.mode !== "private") return mode ?? { mode: "host" };
  throw refuse("userns", "private", "needs --uidmap, --gidmap, --subuidname or --subgidname");
}

/** The maps of `--uidmap` and `--gidmap`; one kind alone stands for both. */
function mapsOf({ uids, gids, texts }: UserNamespaceFlags): UserNamespaceRequest {
  const maps = { uids: uids.length > 0 ? uids : gids, gids: gids.length > 0 ? gids : uids };
  for (const [flag, list] of [
    ["uidmap", maps.uids],
    ["gidmap", maps.gids],
  ] as const) {
    const overlap = overlapOf(list);
    if (overlap === undefined) continue;
    const text = texts("uidmap")[overlap.at] ?? texts("gidmap")[overlap.at] ?? "";
    throw refusal(flag, text, overlap.problem);
  }
  return { mode: "maps", ...maps };
}

function refuse(flag: string, text: string, message: string): OptionError {
  return refusal(flag, text, { code: "bad-flag", message });
}
