import { isJsonObject, type JsonObject } from "../../json.ts";
import { ImageError } from "../error.ts";

/** Where an image comes from, in the words of containers-policy.json(5): a transport, and a name in it. */
export interface ImageOrigin {
  readonly transport: "docker" | "docker-archive" | "oci-archive" | "oci" | "dir";
  /** `registry.example/team/app:1`, or the absolute path of an archive or a folder; empty for standard input. */
  readonly name: string;
}

/** The types of requirements; only the first accepts without looking at the image. */
const ACCEPT = "insecureAcceptAnything";
const TYPES: readonly unknown[] = [ACCEPT, "reject", "signedBy", "signedBaseLayer", "sigstoreSigned"];

/**
 * Throws ImageError `untrusted` unless the policy accepts images of the origin without a condition: signatures cannot
 * be checked yet, so any other requirement refuses. `bad-settings` for what is no policy; as podman, for a misspelt
 * word anywhere in it too, since that would be a lock left open. `path` is its file.
 */
export function checkPolicy(text: string, path: string, origin: ImageOrigin): void {
  const { otherwise, transports } = parsePolicy(text, (why) => {
    throw new ImageError("bad-settings", `${path}: ${why}`);
  });
  const scopes = transports.get(origin.transport);
  const scope = policyScopes(origin).find((one) => scopes?.has(one));
  const where = scope === undefined ? "by default" : `for ${origin.transport} ${JSON.stringify(scope)}`;
  for (const type of (scope === undefined ? undefined : scopes?.get(scope)) ?? otherwise) {
    if (type === ACCEPT) continue;
    if (type === "reject") throw new ImageError("untrusted", `${path} rejects it ${where}`);
    throw new ImageError("untrusted", `${path} asks for ${type} ${where}, which cannot be checked yet`);
  }
}

interface Policy {
  /** The types of what is required where no scope fits. */
  readonly otherwise: readonly string[];
  /** The same by transport and scope. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

function parsePolicy(text: string, refuse: (why: string) => never): Policy {
  const policy = parseJson(text, refuse);
  if (!isJsonObject(policy)) return refuse("it is not an object");
  onlyMembers(policy, ["default", "transports"], "the policy", refuse);
  if (policy.default === undefined) return refuse("it has no default");
  const otherwise = requirementTypes(policy.default, "default", refuse);
  const { transports = {} } = policy;
  if (!isJsonObject(transports)) return refuse("transports is not an object");
  const parsed = Object.entries(transports).map(([transport, scopes]) => {
    if (!isJsonObject(scopes)) return refuse(`transports.${transport} is not an object`);
    const types = Object.entries(scopes).map(
      ([scope, list]) => [scope, requirementTypes(list, `${transport} ${JSON.stringify(scope)}`, refuse)] as const,
    );
    return [transport, new Map(types)] as const;
  });
  return { otherwise, transports: new Map(parsed) };
}

function parseJson(text: string, refuse: (why: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("it is not JSON");
  }
}

function requirementTypes(list: unknown, where: string, refuse: (why: string) => never): string[] {
  if (!Array.isArray(list) || list.length === 0) return refuse(`${where} is not a list of requirements`);
  return list.map((requirement: unknown) => {
    const type = isJsonObject(requirement) ? requirement.type : undefined;
    if (!isJsonObject(requirement) || typeof type !== "string" || !TYPES.includes(type))
      return refuse(`${where} has a requirement of no known type`);
    if (type === ACCEPT || type === "reject") onlyMembers(requirement, ["type"], `${where}: ${type}`, refuse);
    return type;
  });
}

function onlyMembers(object: JsonObject, known: readonly string[], what: string, refuse: (why: string) => never): void {
  const stray = Object.keys(object).find((key) => !known.includes(key));
  if (stray !== undefined) refuse(`${what} has a member ${JSON.stringify(stray)}, which means nothing`);
}

/**
 * The scopes that may match, the most specific first. Of registries: the whole name, its parts down to the host, then
 * wildcards of the host's domains, without the port; of files: the path and the folders above it, but a docker-archive
 * has none; at last the transport's own.
 */
export function policyScopes({ transport, name }: ImageOrigin): string[] {
  if (name === "" || transport === "docker-archive") return [""];
  const scopes: string[] = [name];
  if (transport === "docker") {
    const repository = name.replace(/@[^@/]*$|:[^:/]*$/, "");
    for (let part = repository; part !== ""; part = part.includes("/") ? part.replace(/\/[^/]*$/, "") : "")
      scopes.push(part);
    const labels = (repository.split("/")[0] ?? "").replace(/:\d+$/, "").split(".");
    for (let at = 1; at < labels.length; at++) scopes.push(`*.${labels.slice(at).join(".")}`);
  } else {
    for (let end = name.lastIndexOf("/"); end > 0; end = name.lastIndexOf("/", end - 1))
      scopes.push(name.slice(0, end));
  }
  return [...new Set(scopes), ""];
}
