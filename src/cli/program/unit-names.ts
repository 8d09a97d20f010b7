import { mangleUnitName } from "../../unit/unit-name.ts";

/** The unit's full name, as systemctl completes it: `app` is `app.service`. */
export function serviceName(word: string): string {
  return mangleUnitName(word) ?? `${word}.service`;
}
