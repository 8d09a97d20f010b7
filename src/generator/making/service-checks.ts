import { lastEntry } from "../../unit/lookup.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { Report } from "../reading/report.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { UnitContext } from "./context.ts";

/** Directives that would run berth as another user, who lacks the privileges for it. */
const OTHER_USER: readonly string[] = ["User", "Group", "DynamicUser"];

/** Reports a bad ServiceName=. The service's name has been chosen already. */
export function checkServiceName(parsed: ParsedSource, keys: KeyReader, report: Report): void {
  const name = keys.string("ServiceName") ?? lastEntry(parsed.sections.get(parsed.type.section), "ServiceName");
  if (name !== undefined && "value" in name && name.value === "") {
    report.item(name, { code: "bad-service-name", message: "ServiceName: the name of the service is empty" });
  }
}

/** Reports the directives of `[Service]` that name another user. */
export function checkOtherUser(context: UnitContext): void {
  for (const key of OTHER_USER) {
    const entry = context.service.get(key);
    if (entry === undefined) continue;
    const message = `using key ${key} in the Service group is not supported: berth itself would run as that user`;
    context.report.item(entry, { code: "managed-directive", message });
  }
}
