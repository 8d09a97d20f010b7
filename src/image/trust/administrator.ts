import { readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "../../system/error.ts";
import { readBounded } from "../../system/read-bounded.ts";
import { ImageError, withContext } from "../error.ts";
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
  /** Root's home, whatever HOME says: services have none, and sudo may leave another user's. */
  readonly rootHome?: string;
}

/** What the administrator, or a user for herself, allows: policy.json and registries.conf, as podman reads them. */
export interface Trust {
  /** Throws ImageError `untrusted`, with the file and its reason, and `bad-settings`. */
  checkRegistry(reference: Reference): void;
  /** The same for an archive or a folder. */
  checkArchive(origin: ImageOrigin): void;
}

/** Reads the files when they are asked for: a start with its image in the store needs none of them. */
export function readTrust({ env, uid, systemDir = "/etc/containers", rootHome = "/root" }: TrustSources): Trust {
  const home = uid === 0 ? rootHome : env.HOME;
  const config =
    (uid === 0 ? undefined : env.XDG_CONFIG_HOME) || (home === undefined ? undefined : join(home, ".config"));
  const own = config === undefined ? undefined : join(config, "containers");
  const checkOrigin = (origin: ImageOrigin): void => {
    const policy = firstFile("policy.json", own, systemDir);
    if (policy !== undefined) checkPolicy(policy.text, policy.path, origin);
  };
  return {
    checkRegistry(reference) {
      checkOrigin({ transport: "docker", name: formatReference(reference) });
      const rules = registryFiles(own, systemDir).flatMap(({ text, path }) => parseRegistriesConf(text, path));
      checkRegistryRules(rules, { name: repositoryName(reference), byDigest: reference.digest !== undefined });
    },
    checkArchive: checkOrigin,
  };
}

interface File {
  readonly path: string;
  readonly text: string;
}

/**
 * The files of containers-registries.conf(5) and its drop-ins, the one that counts first. Drop-ins stand over the main
 * files, in the order of their names; a user's own main file stands in place of all of the system's.
 */
function registryFiles(own: string | undefined, systemDir: string): File[] {
  const main = firstFile("registries.conf", own, systemDir);
  const ownMain = own !== undefined && main?.path === join(own, "registries.conf");
  const dropIns = [ownMain ? undefined : systemDir, own].flatMap((dir) =>
    dir === undefined ? [] : list(join(dir, "registries.conf.d")),
  );
  return [...dropIns.toReversed().map(read), main].filter((file) => file !== undefined);
}

function firstFile(name: string, ...dirs: readonly (string | undefined)[]): File | undefined {
  for (const dir of dirs) {
    const file = dir === undefined ? undefined : read(join(dir, name));
    if (file !== undefined) return file;
  }
  return undefined;
}

function list(folder: string): string[] {
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const names = files.map(({ name }) => name).filter((name) => name.endsWith(".conf"));
    return names.toSorted().map((name) => join(folder, name));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return [];
    throw withContext(`read ${folder}`, error, "bad-settings");
  }
}

/** Undefined if it is not there. What is there and cannot be read forbids: it may be a lock. */
function read(path: string): File | undefined {
  try {
    // How a drop-in is masked.
    const text = realpathSync(path) === "/dev/null" ? "" : readBounded(path, FILE_MAX)?.toString();
    if (text !== undefined) return { path, text };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw withContext(`read ${path}`, error, "bad-settings");
  }
  throw new ImageError("bad-settings", `${path}: it is not a regular file`);
}
