import { keyTable, supported } from "./key.ts";

/** `[Quadlet]`: the section that every file type may have. */
export const QUADLET_KEYS = keyTable([
  supported("DefaultDependencies", "boolean", "Order the service after network-online.target (default yes)", "no"),
]);
