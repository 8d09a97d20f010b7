import { join } from "node:path";
import { execa } from "execa";
import type { Environment } from "../../environment.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../json.ts";
import { isErrno } from "../../system/error.ts";
import { readRegular } from "../../system/read-bounded.ts";
import { ImageError, withContext } from "../error.ts";
import { type Reference, repositoryName } from "../reference.ts";
import type { Credentials } from "./auth.ts";

/**
 * The authentication files that podman and docker would read, best first (containers-auth.json(5)). A file that was
 * named outright must exist; the others may be missing.
 */
export function authenticationFiles(
  env: Environment,
  uid: number,
  named?: string,
): { path: string; required: boolean }[] {
  const explicit = named ?? (env.REGISTRY_AUTH_FILE || undefined);
  if (explicit !== undefined) return [{ path: explicit, required: true }];
  const runtimeDir = env.XDG_RUNTIME_DIR || undefined;
  const home = env.HOME || (uid === 0 ? "/root" : undefined);
  const config = env.XDG_CONFIG_HOME || (home === undefined ? undefined : join(home, ".config"));
  const docker = env.DOCKER_CONFIG || (home === undefined ? undefined : join(home, ".docker"));
  return [
    runtimeDir === undefined ? `/run/containers/${uid}/auth.json` : join(runtimeDir, "containers/auth.json"),
    ...(config === undefined ? [] : [join(config, "containers/auth.json")]),
    ...(docker === undefined ? [] : [join(docker, "config.json")]),
  ].map((path) => ({ path, required: false }));
}

/** The longest file that is read: bytes. */
const FILE_MAX = 4 * 1024 * 1024;

/** Credentials for an image name from the first file that has any. Throws ImageError `bad-settings`. */
export async function findCredentials(
  files: readonly { path: string; required: boolean }[],
  reference: Reference,
  env: Environment,
): Promise<Credentials | undefined> {
  for (const { path, required } of files) {
    let bytes: Uint8Array;
    try {
      bytes = readRegular(path, FILE_MAX);
    } catch (error) {
      if (!required && isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) continue;
      throw withContext(`read ${path}`, error, "bad-settings");
    }
    const refuse = (why: string): never => {
      throw new ImageError("bad-settings", `${path}: ${why}`);
    };
    const json = parseJsonObject(bytes, refuse);
    const found = credentialsIn(json, reference, refuse) ?? (await askProgram(json, reference, env));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The keys under which a file may have credentials for a name: its namespaces from narrow to wide, the registry. */
function entryNames(reference: Reference): string[] {
  const parts = repositoryName(reference).split("/");
  const names = parts.map((_, at) => parts.slice(0, parts.length - at).join("/"));
  if (reference.registry === "docker.io") names.push("https://index.docker.io/v1/", "index.docker.io");
  else names.push(`https://${reference.registry}`, `http://${reference.registry}`);
  return names;
}

/** The credentials that are written in a file itself. */
export function credentialsIn(
  json: JsonObject,
  reference: Reference,
  refuse: (why: string) => never,
): Credentials | undefined {
  const { auths } = json;
  if (!isJsonObject(auths)) return undefined;
  for (const name of entryNames(reference)) {
    const entry = auths[name] ?? auths[`${name}/`];
    if (!isJsonObject(entry)) continue;
    const found = entryCredentials(entry, () => refuse(`the entry for ${name} is not base64 of user:password`));
    if (found !== undefined) return found;
  }
  return undefined;
}

function entryCredentials(entry: JsonObject, refuse: () => never): Credentials | undefined {
  const { auth, identitytoken } = entry;
  const token =
    typeof identitytoken === "string" && identitytoken !== "" ? { identityToken: identitytoken } : undefined;
  if (typeof auth !== "string" || auth === "") return token && { username: "", password: "", ...token };
  const text = Buffer.from(auth, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return refuse();
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, ""), ...token };
}

/** Asks a credential helper (docker-credential-NAME get), if the file names one for this registry. */
async function askProgram(json: JsonObject, reference: Reference, env: Environment): Promise<Credentials | undefined> {
  const helpers = isJsonObject(json.credHelpers) ? json.credHelpers : {};
  const helper = helpers[reference.registry] ?? json.credsStore;
  if (typeof helper !== "string" || !/^[\w.-]+$/.test(helper)) return undefined;
  const server = reference.registry === "docker.io" ? "https://index.docker.io/v1/" : reference.registry;
  const result = await execa(`docker-credential-${helper}`, ["get"], {
    input: server,
    env: { ...env } as Record<string, string>,
    extendEnv: false,
    reject: false,
  });
  if (result.exitCode !== 0) return undefined; // It has none for this registry, or it is not installed.
  const answer: unknown = JSON.parse(result.stdout);
  if (!isJsonObject(answer)) return undefined;
  const [username, password] = [answer.Username, answer.Secret];
  if (typeof username !== "string" || typeof password !== "string") return undefined;
  return username === "<token>" ? { username: "", password: "", identityToken: password } : { username, password };
}
