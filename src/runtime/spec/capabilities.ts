import { CAPABILITIES } from "../../options/values/capability.ts";
import { RuntimeError } from "../error.ts";

/** A container's default capabilities: podman's set (containers.conf, default_capabilities). */
const DEFAULT_CAPABILITIES: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/**
 * The bounding set, in the kernel's order, with the CAP_ prefix. `ALL` in `drop` starts from nothing, `ALL` in `add`
 * from everything `attainable` (names without CAP_); single names in `add` win over `drop: ALL`, and single names in
 * `drop` over `add: ALL`, as with podman.
 * Throws "bad-request" for a name that no kernel knows, or one that is both added and dropped.
 */
export function boundingSet(
  add: readonly string[],
  drop: readonly string[],
  attainable: readonly string[] = CAPABILITIES,
): string[] {
  const known = new Set<string>(CAPABILITIES);
  for (const name of [...add, ...drop]) {
    if (name !== "ALL" && !known.has(name)) throw new RuntimeError("bad-request", `unknown capability ${name}`);
  }
  const both = add.find((name) => drop.includes(name));
  if (both !== undefined) throw new RuntimeError("bad-request", `capability ${both} is both added and dropped`);
  const start = add.includes("ALL") ? attainable : drop.includes("ALL") ? [] : DEFAULT_CAPABILITIES;
  const wanted = new Set<string>([...start, ...add].filter((name) => !drop.includes(name)));
  return CAPABILITIES.filter((name) => wanted.has(name)).map((name) => `CAP_${name}`);
}
