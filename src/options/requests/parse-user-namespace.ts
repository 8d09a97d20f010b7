import type { IdMapping } from "../../id-map.ts";
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
  texts(flag: "userns" | "uidmap" | "gidmap"): readonly string[];
}

/** The user namespace that the flags ask for. Throws OptionError for what cannot be together. */
export function toUserNamespaceRequest(flags: UserNamespaceFlags): UserNamespaceRequest {
  const { mode, uids, gids, users, groups } = flags;
  const mapped = uids.length > 0 || gids.length > 0;
  const named = users ?? groups;
  if (!mapped && named === undefined) {
    if (mode?.mode !== "private") return mode ?? { mode: "host" };
    const message = "needs --uidmap, --gidmap, --subuidname or --subgidname";
    throw refusal("userns", "private", { code: "bad-flag", message });
  }
  if (mapped && named !== undefined)
    throw refusal("subuidname", named, { code: "bad-flag", message: "cannot be combined with --uidmap and --gidmap" });
  if (mode !== undefined && mode.mode !== "private") {
    const others = mapped ? "--uidmap and --gidmap" : "--subuidname";
    const [text = ""] = flags.texts("userns");
    throw refusal("userns", text, { code: "bad-flag", message: `cannot be combined with ${others}` });
  }
  if (named !== undefined) return { mode: "subordinate", users: users ?? named, groups: groups ?? named };
  // One kind alone stands for both.
  const maps = { uids: uids.length > 0 ? uids : gids, gids: gids.length > 0 ? gids : uids };
  for (const [flag, list] of [
    ["uidmap", maps.uids],
    ["gidmap", maps.gids],
  ] as const) {
    const overlap = overlapOf(list);
    if (overlap === undefined) continue;
    const text = flags.texts("uidmap")[overlap.at] ?? flags.texts("gidmap")[overlap.at] ?? "";
    throw refusal(flag, text, overlap.problem);
  }
  return { mode: "maps", ...maps };
}
