import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "../../system/error.ts";
import { readBounded } from "../../system/read-bounded.ts";
import { withContext } from "../error.ts";
import { formatReference, type Reference, repositoryName } from "../reference.ts";
import { checkPolicy, type ImageOrigin } from "./policy.ts";
import { checkRegistryRules, parseRegistriesConf } from "./registries-conf.ts";

/** The longest of these files that is read: bytes. */
const FILE_MAX = 4 * 1024 * 1024;

export interface TrustSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** The system's folder, /etc/containers. */
  readonly systemDir?: string;
}

/** What the administrator, or a user for herself, allows: policy.json and registries.conf, as podman reads them. */
export interface Trust {
  /** Throws ImageError `untrusted`, with the file and its reason, and `bad-settings`. */
  checkRegistry(reference: Reference): void;
  /** The same for an archive or a folder. */
  checkArchive(origin: ImageOrigin): void;
}

/** Reads the files when they are asked for: a start with its image in the store needs none of them. */
export function readTrust({ env, uid, systemDir = "/etc/containers" }: TrustSources): Trust {
  const config = env.XDG_CONFIG_HOME || (env.HOME === undefined ? undefined : join(env.HOME, ".config"));
  const own = uid !== 0 && config !== undefined ? [join(config, "containers")] : [];
  const checkOrigin = (origin: ImageOrigin): void => {
    const paths = [...own, systemDir].map((dir) => join(dir, "policy.json"));
    const path = paths.find((one) => read(one) !== undefined);
    if (path !== undefined) checkPolicy(read(path) ?? "", path, origin);
  };
  return {
    checkRegistry(reference) {
      checkOrigin({ transport: "docker", name: formatReference(reference) });
      checkRegistryRules(registryFiles(own, systemDir).flatMap(rulesIn), repositoryName(reference));
    },
    checkArchive: checkOrigin,
  };
}

/**
 * The files of containers-registries.conf(5) and its drop-ins, the one that counts first: a user's own main file stands
 * in place of the system's, and drop-ins stand over both, in the order of their names.
 */
function registryFiles(own: readonly string[], systemDir: string): string[] {
  const folders = [systemDir, ...own];
  const dropIns = folders.flatMap((dir) => {
    const folder = join(dir, "registries.conf.d");
    return list(folder)
      .toSorted()
      .map((name) => join(folder, name));
  });
  const main = [...own, systemDir].map((dir) => join(dir, "registries.conf")).find((path) => read(path) !== undefined);
  return [...dropIns.toReversed(), ...(main === undefined ? [] : [main])];
}

function rulesIn(path: string) {
  const text = read(path);
  return text === undefined ? [] : parseRegistriesConf(text, path);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".conf"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw withContext(`read ${folder}`, error, "bad-settings");
  }
}

function read(path: string): string | undefined {
  try {
    return readBounded(path, FILE_MAX)?.toString();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw withContext(`read ${path}`, error, "bad-settings");
  }
}
