import { isJsonObject, type JsonObject } from "../../json.ts";
import { ImageError } from "../error.ts";

/** One `[[registry]]` of containers-registries.conf(5), with the file that it is in. */
export interface RegistryRule {
  readonly path: string;
  /** `host[:port][/path]`, or `*.domain`. */
  readonly prefix: string;
  /** What stands in place of the prefix; empty where nothing does. */
  readonly location: string;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
}

interface Mirror {
  readonly location: string;
  /** For which names it is asked. */
  readonly use: "all" | "digest-only" | "tag-only";
}

type Refuse = (why: string) => never;

/** The rules of one file. Throws ImageError `bad-settings`. */
export function parseRegistriesConf(text: string, path: string): RegistryRule[] {
  const bad = (why: string, cause?: unknown) => new ImageError("bad-settings", `${path}: ${why}`, {}, { cause });
  let conf: unknown;
  try {
    conf = Bun.TOML.parse(text);
  } catch (cause) {
    throw bad("it is not TOML", cause);
  }
  const refuse: Refuse = (why) => {
    throw bad(`a [[registry]] ${why}`);
  };
  const all = isJsonObject(conf) ? conf : {};
  const registry = member(all, "registry") ?? [];
  if (!Array.isArray(registry)) throw bad("registry is not a list of tables: write [[registry]]");
  // Version 1 of the format: `[registries.block] registries = […]`.
  const registries = member(all, "registries");
  const block = isJsonObject(registries) ? member(registries, "block") : undefined;
  const blocked = (isJsonObject(block) ? member(block, "registries") : undefined) ?? [];
  if (!Array.isArray(blocked)) throw bad("registries.block.registries is not a list");
  const tables: unknown[] = [...registry, ...blocked.map((location: unknown) => ({ location, blocked: true }))];
  return tables.map((table) => ({ path, ...rule(table, refuse) }));
}

function rule(table: unknown, refuse: Refuse): Omit<RegistryRule, "path"> {
  if (!isJsonObject(table)) return refuse("is not a table");
  const location = place(table, "location", refuse);
  const prefix = place(table, "prefix", refuse) || location;
  if (prefix === "") return refuse("without prefix and location");
  const blocked = flag(table, "blocked", refuse);
  const digestOnly = flag(table, "mirror-by-digest-only", refuse);
  const mirrors = member(table, "mirror") ?? [];
  if (!Array.isArray(mirrors)) return refuse("whose mirror is not a list of tables: write [[registry.mirror]]");
  return {
    prefix,
    location: location === prefix ? "" : location,
    blocked,
    mirrors: mirrors.map((one: unknown) => mirror(one, digestOnly, refuse)),
  };
}

function mirror(table: unknown, digestOnly: boolean, refuse: Refuse): Mirror {
  if (!isJsonObject(table)) return refuse("with a mirror that is not a table");
  const location = place(table, "location", refuse);
  if (location === "") return refuse("with a mirror without location");
  const use = member(table, "pull-from-mirror") ?? "all";
  if (use !== "all" && use !== "digest-only" && use !== "tag-only")
    return refuse("with a mirror whose pull-from-mirror is neither all, digest-only nor tag-only");
  return { location, use: digestOnly ? "digest-only" : use };
}

/** Podman's reader of TOML takes a key in whatever case it is written. */
function member(table: JsonObject, key: string): unknown {
  return table[key] ?? Object.entries(table).find(([name]) => name.toLowerCase() === key)?.[1];
}

function place(table: JsonObject, key: string, refuse: Refuse): string {
  const value = member(table, key) ?? "";
  if (typeof value !== "string") return refuse(`whose ${key} is not a text`);
  if (/^https?:\/\//.test(value)) return refuse(`whose ${key} is an address: write the host alone`);
  return value.replace(/\/+$/, "");
}

function flag(table: JsonObject, key: string, refuse: Refuse): boolean {
  const value = member(table, key) ?? false;
  return typeof value === "boolean" ? value : refuse(`whose ${key} is neither true nor false`);
}

/** An image's full name without tag and digest, and whether it has a digest. */
export interface ImageName {
  readonly name: string;
  readonly byDigest: boolean;
}

/**
 * Throws ImageError `untrusted` for a name that the rules block, or that they send elsewhere or to a mirror, which is
 * not supported yet. Of several rules that fit, the longest prefix counts; of the same prefix the first.
 */
export function checkRegistryRules(rules: readonly RegistryRule[], { name, byDigest }: ImageName): void {
  const fitting = rules.filter(({ prefix }) => fits(prefix, name));
  const [longest] = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length);
  if (longest === undefined) return;
  const { path, prefix, location, blocked, mirrors } = longest;
  if (blocked) throw new ImageError("untrusted", `${path} blocks ${prefix}`);
  const asked = mirrors.filter(({ use }) => use === "all" || (use === "digest-only") === byDigest);
  const elsewhere = [location, ...asked.map((one) => one.location)].find((one) => one !== "");
  if (elsewhere !== undefined)
    throw new ImageError("untrusted", `${path} sends ${prefix} to ${elsewhere}, which is not supported yet`);
}

/** As podman compares: `host` means each of the host's ports, too. */
function fits(prefix: string, name: string): boolean {
  if (prefix.startsWith("*.")) return (name.split("/")[0] ?? "").replace(/:\d+$/, "").endsWith(prefix.slice(1));
  return name.startsWith(prefix) && ["", "/", ":"].includes(name.slice(prefix.length, prefix.length + 1));
}
