import type { OnProgress } from "../progress.ts";
import type { Reference } from "../reference.ts";
import type { Credentials } from "./auth.ts";
import type { Certificates } from "./certificates.ts";
import { RegistryClient } from "./registry.ts";
import type { RetryPolicy } from "./retry.ts";
import { createTransport, type Proxies } from "./transport.ts";

/** The machine's and the user's settings for registries. */
export interface RegistrySettings {
  /**
   * `host[:port]` of registries that may be used without encryption or with a certificate that no authority signed.
   */
  readonly insecure: readonly string[];
  /** True: every registry is insecure (`--tls-verify=false`); false: none, not even this machine's own. */
  readonly allInsecure?: boolean | undefined;
  /** Authorities and client certificates for a registry's host. */
  readonly certificatesFor?: (host: string) => Certificates;
  readonly proxies?: Proxies | undefined;
  /** Looks up stored credentials (authentication files). */
  readonly credentialsFor: (reference: Reference) => Promise<Credentials | undefined>;
}

export interface ConnectOptions {
  readonly settings: RegistrySettings;
  readonly credentials: Credentials | undefined;
  readonly retries: RetryPolicy;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** A client with the function that ends its connections. */
export interface RegistryConnection {
  readonly client: RegistryClient;
  readonly close: () => Promise<void>;
}

/** Docker Hub's name is not where it answers. */
const API_HOSTS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };

/** A client for the registry of an image name, over https unless it is insecure. */
export async function connect(reference: Reference, options: ConnectOptions): Promise<RegistryConnection> {
  const { settings } = options;
  const host = API_HOSTS[reference.registry] ?? reference.registry;
  const insecure = settings.allInsecure ?? (settings.insecure.includes(reference.registry) || isLoopback(host));
  const transport = createTransport({
    verifyTls: !insecure,
    stallTimeoutMs: options.stallTimeoutMs,
    signal: options.signal,
    certificates: settings.certificatesFor?.(reference.registry) ?? {},
    proxies: isLoopback(host) ? undefined : settings.proxies,
  });
  const client = new RegistryClient(reference, {
    transport,
    origins: insecure ? [`https://${host}`, `http://${host}`] : [`https://${host}`],
    credentials: options.credentials ?? (await settings.credentialsFor(reference)),
    retries: options.retries,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return { client, close: () => transport.close() };
}

/** Whether a host is this machine itself, so that its traffic crosses no network. Docker makes the same exception. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(name);
}
