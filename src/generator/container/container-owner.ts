import { problemOf } from "../../options/values/check.ts";
import { parseUser } from "../../options/values/name.ts";
import type { Entry } from "../../unit/entry.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import type { UnitContext } from "../making/context.ts";
import { parseBoolean } from "../reading/key-reader.ts";

/** The owner of a system container's ids, by `User=` and `DynamicUser=` of `[Service]`. */
export interface ContainerOwner {
  /** As the command line names it. */
  readonly user: string;
  /** Lines of `[Service]`, after the user's own. */
  readonly lines: readonly Directive[];
  /** The prefix of berth's own command lines: with `+` systemd runs them as root, outside the service's sandbox. */
  readonly prefix: "" | "+";
}

/**
 * The owner of a system service's container; undefined for root. systemd does not start berth as that user, because
 * berth needs root; it keeps a dynamic user as long as the service exists.
 */
export function containerOwner({ service, options }: UnitContext): ContainerOwner | undefined {
  if (options.scope === "user") return undefined;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd puts the name of the user that it made there.
  if (isDynamic(service)) return { user: "${USER}", lines: [], prefix: "+" };
  const user = service.get("User")?.value;
  if (user === undefined || user === "root" || user === "0") return undefined;
  return { user, lines: [["User", ""]], prefix: "" };
}

/** Reports users and groups that berth cannot use. */
export function checkContainerOwner({ service, options, report }: UnitContext): void {
  const refuse = (entry: Entry | undefined, why: string, hint: string) => {
    if (entry === undefined) return;
    const message = `using key ${entry.key} in the Service group is not supported: ${why}`;
    report.item(entry, { code: "managed-directive", message, hint });
  };
  const inside = "User= in [Container] is the payload's user";
  refuse(service.get("Group"), "groups outside are those of User=", "Group= in [Container] is the payload's group");
  const [user, dynamic] = [service.get("User"), service.get("DynamicUser")];
  if (options.scope === "user") {
    for (const entry of [user, dynamic]) refuse(entry, "berth itself would run as that user", inside);
    return;
  }
  if (dynamic !== undefined && parseBoolean(dynamic.value) === undefined)
    refuse(dynamic, `"${dynamic.value}" is neither yes nor no`, "write yes or no");
  const problem = user === undefined ? undefined : problemOf(parseUser(user.value));
  if (user !== undefined && problem !== undefined) report.at(user, problem.at ?? 0, problem);
}

function isDynamic(service: UnitContext["service"]): boolean {
  const entry = service.get("DynamicUser");
  return entry !== undefined && parseBoolean(entry.value) === true;
}
