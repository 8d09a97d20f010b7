import { join } from "node:path";
import { type SettingsText, settingsTexts } from "../../system/settings/settings-files.ts";
import { settingsSections } from "../../system/settings/settings-sections.ts";
import { ImageError } from "../error.ts";
import { certificatesIn, readCertificates } from "./certificates.ts";
import type { RegistrySettings } from "./connect.ts";
import { authenticationFiles, findCredentials } from "./credentials.ts";
import type { Proxies } from "./transport.ts";

export interface SettingsSources {
  /** Folders of berth.conf and berth.conf.d/*.conf, the first wins. */
  readonly configDirs: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** `--authfile`. */
  readonly authFile?: string | undefined;
  /** `--cert-dir`, in place of the usual folders. */
  readonly certDir?: string | undefined;
  /** `--tls-verify`; undefined when it was not given. */
  readonly tlsVerify?: boolean | undefined;
}

/**
 * The settings of berth.conf for registries, overridden by the command line's:
 *
 *     [registry "registry.example:5000"]
 *     Insecure=yes
 *
 * Throws ImageError `bad-settings`, and SystemError "bad-settings" for a file that cannot be read.
 */
export function readRegistrySettings(sources: SettingsSources): RegistrySettings {
  const insecure = new Map<string, boolean>();
  for (const file of settingsTexts(sources.configDirs)) {
    for (const [host, value] of insecureIn(file)) if (!insecure.has(host)) insecure.set(host, value);
  }
  const files = authenticationFiles(sources.env, sources.uid, sources.authFile);
  return {
    insecure: [...insecure].flatMap(([host, value]) => (value ? [host] : [])),
    allInsecure: sources.tlsVerify === undefined ? undefined : !sources.tlsVerify,
    certificatesFor: (host) =>
      sources.certDir === undefined
        ? readCertificates(host, certificateDirs(sources), sources.env)
        : certificatesIn(sources.certDir, sources.env),
    proxies: readProxies(sources.env),
    credentialsFor: (reference) => findCredentials(files, reference, sources.env),
  };
}

/** containers-certs.d(5), and Docker's own. */
function certificateDirs({ env, uid }: SettingsSources): string[] {
  const config = env.XDG_CONFIG_HOME || (env.HOME === undefined ? undefined : join(env.HOME, ".config"));
  const own = uid !== 0 && config !== undefined ? [join(config, "containers/certs.d")] : [];
  return [...own, "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/** The usual variables; `HTTP_PROXY` in capitals is left alone, since CGI takes it for a request header. */
function readProxies(env: SettingsSources["env"]): Proxies | undefined {
  const http = env.http_proxy || undefined;
  const https = env.https_proxy || env.HTTPS_PROXY || undefined;
  if (http === undefined && https === undefined) return undefined;
  return { http, https, except: env.no_proxy || env.NO_PROXY || undefined };
}

function insecureIn({ path, text }: SettingsText): [host: string, insecure: boolean][] {
  const found: [string, boolean][] = [];
  for (const [section, values] of settingsSections(text)) {
    const host = /^registry "(.+)"$/.exec(section)?.[1];
    const value = values.Insecure;
    if (host === undefined || value === undefined) continue;
    found.push([host, boolean(value, `${path}: [${section}] Insecure=`)]);
  }
  return found;
}

/** systemd's words for yes and no (systemd.syntax(7)). */
function boolean(value: unknown, where: string): boolean {
  const text = String(value).toLowerCase();
  if (["1", "yes", "true", "on"].includes(text)) return true;
  if (["0", "no", "false", "off"].includes(text)) return false;
  throw new ImageError("bad-settings", `${where}${text}: write yes or no`);
}
