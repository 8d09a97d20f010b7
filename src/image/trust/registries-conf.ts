import { isJsonObject } from "../../json.ts";
import { ImageError } from "../error.ts";

/** One `[[registry]]` of containers-registries.conf(5), with the file that it is in. */
export interface RegistryRule {
  readonly path: string;
  /** `host[:port][/path]`, or `*.domain`. */
  readonly prefix: string;
  readonly location: string;
  readonly blocked: boolean;
}

/** The rules of one file. Throws ImageError `bad-settings`. */
export function parseRegistriesConf(text: string, path: string): RegistryRule[] {
  const bad = (why: string, cause?: unknown) => new ImageError("bad-settings", `${path}: ${why}`, {}, { cause });
  let conf: unknown;
  try {
    conf = Bun.TOML.parse(text);
  } catch (cause) {
    throw bad("it is not TOML", cause);
  }
  const { registry = [], registries } = isJsonObject(conf) ? conf : {};
  if (!Array.isArray(registry)) throw bad("registry is not a list of tables: write [[registry]]");
  // Version 1 of the format: `[registries.block] registries = […]`.
  const block = isJsonObject(registries) && isJsonObject(registries.block) ? registries.block.registries : undefined;
  const blocked = Array.isArray(block) ? block.map((prefix) => rule({ prefix, blocked: true }, path)) : [];
  return [...(registry as unknown[]).map((table) => rule(table, path)), ...blocked];
}

function rule(table: unknown, path: string): RegistryRule {
  const bad = (why: string) => new ImageError("bad-settings", `${path}: a [[registry]] ${why}`);
  if (!isJsonObject(table)) throw bad("is not a table");
  const { location = "", prefix = location, blocked = false } = table;
  if (typeof location !== "string" || typeof prefix !== "string") throw bad("whose prefix or location is not a text");
  if (typeof blocked !== "boolean") throw bad("whose blocked is neither true nor false");
  if (prefix === "") throw bad("without prefix and location");
  return { path, prefix, location: location === "" ? prefix : location, blocked };
}

/**
 * Throws ImageError `untrusted` for a name that the rules block, or that they send elsewhere, which is not supported
 * yet. `name` is the full name without tag and digest. Of several rules that fit, the longest prefix counts; of the
 * same prefix the first.
 */
export function checkRegistryRules(rules: readonly RegistryRule[], name: string): void {
  const fitting = rules.filter(({ prefix }) => fits(prefix, name));
  const [longest] = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length);
  if (longest === undefined) return;
  const { path, prefix, location, blocked } = longest;
  if (blocked) throw new ImageError("untrusted", `${path} blocks ${prefix}`);
  if (location !== prefix && !prefix.startsWith("*."))
    throw new ImageError("untrusted", `${path} sends ${prefix} to ${location}, which is not supported yet`);
}

function fits(prefix: string, name: string): boolean {
  if (prefix.startsWith("*.")) return (name.split("/")[0] ?? "").replace(/:\d+$/, "").endsWith(prefix.slice(1));
  return name === prefix || name.startsWith(`${prefix}/`);
}
