import { isJsonObject } from "../../json.ts";
import { ImageError } from "../error.ts";

/** Where an image comes from, in the words of containers-policy.json(5): a transport, and a name in it. */
export interface ImageOrigin {
  readonly transport: "docker" | "docker-archive" | "oci-archive" | "oci" | "dir";
  /** `registry.example/team/app:1`, or the absolute path of an archive or a folder; empty for standard input. */
  readonly name: string;
}

/**
 * Throws ImageError `untrusted` unless the policy accepts images of the origin without a condition: signatures cannot
 * be checked yet, so any other requirement refuses. `bad-settings` for what is no policy. `path` is its file.
 */
export function checkPolicy(text: string, path: string, origin: ImageOrigin): void {
  const bad = (why: string) => new ImageError("bad-settings", `${path}: ${why}`);
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw bad("it is not JSON");
  }
  if (!isJsonObject(policy)) throw bad("it is not an object");
  const { default: otherwise, transports = {} } = policy;
  if (!isJsonObject(transports)) throw bad("transports is not an object");
  const scopes = transports[origin.transport] ?? {};
  if (!isJsonObject(scopes)) throw bad(`transports.${origin.transport} is not an object`);
  const scope = policyScopes(origin).find((one) => Object.hasOwn(scopes, one));
  const requirements = scope === undefined ? otherwise : scopes[scope];
  if (!Array.isArray(requirements) || requirements.length === 0) throw bad("a scope without requirements");
  const where = scope === undefined ? "by default" : `for ${origin.transport} ${JSON.stringify(scope)}`;
  for (const requirement of requirements as unknown[]) {
    const type = isJsonObject(requirement) ? requirement.type : undefined;
    if (type === "insecureAcceptAnything") continue;
    if (type === "reject") throw new ImageError("untrusted", `${path} rejects it ${where}`);
    const what = typeof type === "string" ? type : "a requirement without a type";
    throw new ImageError("untrusted", `${path} asks for ${what} ${where}, which cannot be checked yet`);
  }
}

/**
 * The scopes that may match, the most specific first. Of registries: the whole name, its parts down to the host, then
 * wildcards of the host's domains; of files: the path and the folders above it; at last the transport's own.
 */
export function policyScopes({ transport, name }: ImageOrigin): string[] {
  const scopes: string[] = name === "" ? [] : [name];
  if (transport === "docker") {
    const repository = name.replace(/@[^@/]*$|:[^:/]*$/, "");
    for (let part = repository; part !== ""; part = part.includes("/") ? part.replace(/\/[^/]*$/, "") : "")
      scopes.push(part);
    const labels = (repository.split("/")[0] ?? "").split(".");
    for (let at = 1; at < labels.length; at++) scopes.push(`*.${labels.slice(at).join(".")}`);
  } else {
    for (let part = name; part.includes("/") && part !== "/"; ) {
      part = part.replace(/\/[^/]*$/, "") || "/";
      scopes.push(part);
    }
  }
  return [...new Set(scopes), ""];
}
