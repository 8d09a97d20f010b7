import { keyTable, supported } from "./key.ts";

/** `[Install]`: keys that the generator turns into links, as generated units cannot be enabled; systemd.unit(5). */
export const INSTALL_KEYS = keyTable([
  supported("Alias", "words", "More names of the unit", "shop.service"),
  supported("WantedBy", "words", "Units that start this one with them", "multi-user.target"),
  supported("RequiredBy", "words", "Units that start this one with them, and fail with it", "shop.target"),
  supported("UpheldBy", "words", "Units that keep this one running", "shop.target", { since: "5.5" }),
  supported("DefaultInstance", "string", "Instance of a template that the links are for", "main"),
  supported("Also", "words", "Without effect on generated units", "other.service"),
]);
