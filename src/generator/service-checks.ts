import type { Entry } from "../unit/entry.ts";
import { lastEntry } from "../unit/lookup.ts";
import type { UnitContext } from "./context.ts";
import type { KeyReader } from "./key-reader.ts";
import type { Report } from "./report.ts";
import type { ParsedSource } from "./source.ts";

/** Directives that would run berth as somebody else, who could not do its work. */
const OTHER_USER: readonly string[] = ["User", "Group", "DynamicUser"];

/** Reports a ServiceName= that is none. Which name the service has is settled already. */
export function checkServiceName(parsed: ParsedSource, keys: KeyReader, report: Report): void {
  const name = keys.string("ServiceName") ?? lastEntry(parsed.sections.get(parsed.type.section), "ServiceName");
  if (name !== undefined && "value" in name && name.value === "") {
    report.item(name, { code: "bad-service-name", message: "ServiceName: the name of the service is empty" });
  }
}

/**
 * `User=` of a system container's `[Service]`: whose ids the container has. Undefined where there is none, or root. systemd
 * must not see it, for berth itself runs as root.
 */
export function otherUser({ service, options }: UnitContext): Entry | undefined {
  const entry = options.scope === "system" ? service.get("User") : undefined;
  return entry?.value === "root" || entry?.value === "0" ? undefined : entry;
}

/** Reports the directives of `[Service]` that name another user, save `allowed`; `hint` tells what to write instead. */
export function checkOtherUser(context: UnitContext, hint?: string, allowed?: Entry): void {
  for (const key of OTHER_USER) {
    const entry = context.service.get(key);
    if (entry === undefined || entry === allowed) continue;
    const message = `using key ${key} in the Service group is not supported: berth itself would run as that user`;
    const problem = { code: "managed-directive", message };
    context.report.item(entry, hint === undefined ? problem : { ...problem, hint });
  }
}
