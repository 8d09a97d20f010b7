import { mangleUnitName } from "../../unit/unit-name.ts";

/** The unit that a word on the command line means: `app` is `app.service`, as for systemctl. */
export function serviceName(word: string): string {
  return mangleUnitName(word) ?? `${word}.service`;
}
