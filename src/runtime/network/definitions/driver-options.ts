import type { NetworkDriver } from "../../../options/values/network.ts";

/** Checks an option's value. Returns undefined for a good one, else a description of good values. */
type OptionCheck = (value: string) => string | undefined;

const number =
  (least: number, most: number): OptionCheck =>
  (value) =>
    /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `a number from ${least} to ${most}`;
const oneOf =
  (...words: readonly string[]): OptionCheck =>
  (value) =>
    words.includes(value) ? undefined : words.join(", ");
const boolean = oneOf("true", "false", "1", "0");
const something: OptionCheck = (value) => (value === "" ? "not empty" : undefined);

const COMMON = { mtu: number(0, 65535), metric: number(0, 2 ** 32 - 1), no_default_route: boolean } as const;

/** netavark's options for each driver, podman-network-create(1). */
const OPTIONS: Readonly<Record<NetworkDriver, Readonly<Record<string, OptionCheck>>>> = {
  bridge: {
    ...COMMON,
    vlan: number(1, 4094),
    isolate: oneOf("true", "false", "1", "0", "strict"),
    vrf: something,
    mode: oneOf("managed", "unmanaged"),
  },
  macvlan: {
    ...COMMON,
    parent: something,
    mode: oneOf("bridge", "private", "vepa", "passthru"),
    bclim: (value) => (/^-?\d+$/.test(value) ? undefined : "a number"),
  },
  ipvlan: { ...COMMON, parent: something, mode: oneOf("l2", "l3", "l3s") },
};

/** The first problem with the options (`--opt`) of a driver; undefined if there is none. */
export function checkDriverOptions(driver: string, options: Readonly<Record<string, string>>): string | undefined {
  const [, table = {}] = Object.entries(OPTIONS).find(([own]) => own === driver) ?? [];
  const known = new Map(Object.entries(table));
  for (const [name, value] of Object.entries(options)) {
    const check = known.get(name);
    if (check === undefined) return `${driver} has no option ${name} (${[...known.keys()].sort().join(", ")})`;
    const wanted = check(value);
    if (wanted !== undefined) return `option ${name} is ${wanted}, not "${value}"`;
  }
  return undefined;
}
