import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "../../system/error.ts";
import { ImageError, withContext } from "../error.ts";

/** PEM text for a TLS connection. */
export interface Certificates {
  /** Trusted authorities, instead of the list that is compiled in. */
  readonly authorities?: string;
  readonly client?: { readonly cert: string; readonly key: string };
}

/** Where distributions keep the authorities that the administrator trusts (the list of Go's crypto/x509). */
const BUNDLES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
];

/**
 * The certificates of a folder that was named outright (`--cert-dir`), whatever the registry: `*.crt`, and `NAME.cert`
 * with `NAME.key`, on top of the system's authorities. Throws ImageError `bad-settings`, also when there is no such
 * folder.
 */
export function certificatesIn(folder: string, env: Readonly<Record<string, string | undefined>>): Certificates {
  const found = readFolder(folder, systemAuthorities(env));
  if (found === undefined) throw new ImageError("bad-settings", `there is no folder ${folder}`);
  return found;
}

/**
 * The machine's and the user's certificates for a registry (containers-certs.d(5)): the system's authorities or
 * $SSL_CERT_FILE, then `HOST/*.crt` as further authorities and `HOST/NAME.cert` with `HOST/NAME.key` to authenticate
 * berth, from the first of `dirs` that has a folder for the host. Throws ImageError `bad-settings`.
 */
export function readCertificates(
  host: string,
  dirs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Certificates {
  const system = systemAuthorities(env);
  for (const dir of dirs) {
    const found = readFolder(join(dir, host), system);
    if (found !== undefined) return found;
  }
  return system === undefined ? {} : { authorities: system };
}

function systemAuthorities(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const bundle = [env.SSL_CERT_FILE || undefined, ...BUNDLES].map((path) =>
    path === undefined ? undefined : text(path),
  );
  return bundle.find((pem) => pem !== undefined);
}

/** Undefined when there is no such folder. */
function readFolder(folder: string, system: string | undefined): Certificates | undefined {
  const names = listed(folder);
  if (names === undefined) return undefined;
  const own = names.filter((name) => name.endsWith(".crt")).map((name) => text(join(folder, name)) ?? "");
  const authorities =
    system === undefined && own.length === 0 ? {} : { authorities: [system ?? "", ...own].join("\n") };
  const cert = names.find((name) => name.endsWith(".cert"));
  if (cert === undefined) return authorities;
  const key = text(join(folder, cert.replace(/\.cert$/, ".key")));
  if (key === undefined) throw new ImageError("bad-settings", `${join(folder, cert)} has no key beside it`);
  return { ...authorities, client: { cert: text(join(folder, cert)) ?? "", key } };
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw withContext(`read ${path}`, error, "bad-settings");
  }
}

function listed(dir: string): string[] | undefined {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw withContext(`read ${dir}`, error, "bad-settings");
  }
}
