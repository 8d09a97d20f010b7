import { Socket } from "node:net";
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, request } from "undici/index.js";
import { ImageError } from "../error.ts";
import type { Certificates } from "./certificates.ts";
import { atLeastSlowly } from "./pace.ts";

/** An answer whose body has not been read. */
export interface HttpAnswer {
  readonly status: number;
  /** Where the answer is from, after redirects. */
  readonly url: URL;
  /** A header's value by its lower-case name; several of the same name are joined with a comma. */
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the connection: the body is not wanted. */
  discard(): void;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly method?: "GET" | "POST";
  readonly body?: string;
}

/** Sends requests; follows redirects. Failures to connect or to go on are `network` or `stalled` ImageErrors. */
export interface Transport {
  send(wanted: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Whether certificates are checked and https may not lead to http. */
  readonly verifyTls: boolean;
  /** Longest wait for a connection, for the headers, and for as much of a body as a very slow line brings. */
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly certificates: Certificates;
  /** Proxies by the environment's usual variables; undefined when it names none. */
  readonly proxies: Proxies | undefined;
}

/** Addresses of proxies, as in `http_proxy`, `https_proxy` and `no_proxy`. */
export interface Proxies {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly except?: string | undefined;
}

const REDIRECTS_MAX = 10;

export function createTransport(options: TransportOptions): Transport {
  const { signal, stallTimeoutMs } = options;
  const agent = createAgent(options);
  const once = async (wanted: HttpRequest, url: URL, headers: Readonly<Record<string, string>>) => {
    // undici's own limits begin anew with every interim answer (1xx) and every byte of a header.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), 2 * stallTimeoutMs);
    try {
      return await request(url, {
        dispatcher: agent,
        method: wanted.method ?? "GET",
        headers: { ...headers },
        ...(wanted.body === undefined ? {} : { body: wanted.body }),
        signal: AbortSignal.any([signal, late.signal]),
      });
    } catch (error) {
      const doing = `${wanted.method ?? "GET"} ${url.origin}`;
      if (late.signal.aborted && !signal.aborted) throw silent(doing);
      throw networkError(doing, error, signal);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async send(wanted) {
      let { url } = wanted;
      let headers = wanted.headers;
      for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
        const response = await once(wanted, url, headers);
        const location = single(response.headers.location);
        if (![301, 302, 303, 307, 308].includes(response.statusCode) || location === undefined) {
          return answer(response, url, options);
        }
        discard(response);
        const next = redirectTarget(location, url, options.verifyTls);
        // The registry's credentials are for the registry: storage behind it has its own, in the address.
        if (next.origin !== url.origin) headers = withoutAuthorization(headers);
        if (next.origin !== url.origin && wanted.body !== undefined)
          throw new ImageError("protocol", `redirect of a login from ${url.origin} to ${next.origin} refused`);
        url = next;
      }
      throw new ImageError("protocol", `GET ${wanted.url.origin}: more than ${REDIRECTS_MAX} redirects`);
    },
    close: () => agent.destroy(),
  };
}

function createAgent({ verifyTls, stallTimeoutMs, certificates, proxies, signal }: TransportOptions): Dispatcher {
  const tls = {
    rejectUnauthorized: verifyTls,
    ...(certificates.authorities === undefined ? {} : { ca: certificates.authorities }),
    ...certificates.client,
  };
  const limits = { headersTimeout: stallTimeoutMs, bodyTimeout: stallTimeoutMs };
  const connect = { timeout: stallTimeoutMs, ...tls };
  if (proxies === undefined) return new Agent({ ...limits, connect: endedBy(signal, buildConnector(connect)) });
  return new EnvHttpProxyAgent({
    ...limits,
    connect,
    requestTls: tls,
    httpProxy: proxies.http ?? "",
    httpsProxy: proxies.https ?? "",
    noProxy: proxies.except ?? "",
  });
}

/**
 * Connections that the signal ends also while they are being made: undici aborts a request only once it has a
 * connection, and would wait for a server that does not answer a TLS greeting.
 */
function endedBy(signal: AbortSignal, connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    // Its declaration leaves out that the connector returns the socket.
    const socket: unknown = connect(options, callback);
    if (!(socket instanceof Socket)) return;
    const end = () => socket.destroy(new Error("cancelled"));
    signal.addEventListener("abort", end);
    socket.once("close", () => signal.removeEventListener("abort", end));
  };
}

function redirectTarget(location: string, from: URL, verifyTls: boolean): URL {
  let next: URL;
  try {
    next = new URL(location, from);
  } catch {
    throw new ImageError("protocol", `redirect to ${JSON.stringify(location)}: not an address`);
  }
  if (next.protocol !== "https:" && next.protocol !== "http:") {
    throw new ImageError("protocol", `redirect to ${next.protocol} refused`);
  }
  if (from.protocol === "https:" && next.protocol === "http:" && verifyTls) {
    throw new ImageError("protocol", `redirect from ${from.origin} to unencrypted ${next.origin} refused`);
  }
  return next;
}

function withoutAuthorization(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function discard(response: Dispatcher.ResponseData): void {
  response.body.on("error", () => {});
  response.body.destroy();
}

function answer(response: Dispatcher.ResponseData, url: URL, { signal, stallTimeoutMs }: TransportOptions): HttpAnswer {
  const body = atLeastSlowly(response.body, stallTimeoutMs, `read from ${url.origin}`);
  return {
    status: response.statusCode,
    url,
    header: (name) => single(response.headers[name]),
    body: explained(body, url, signal),
    discard: () => discard(response),
  };
}

async function* explained(body: AsyncIterable<Uint8Array>, url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw networkError(`read from ${url.origin}`, error, signal);
  }
}

function silent(doing: string): ImageError {
  return new ImageError("stalled", `${doing}: the server has gone silent`);
}

const TIMEOUTS: readonly string[] = ["UND_ERR_BODY_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"];

/** OpenSSL's names for a certificate that does not hold; trying again would not help. */
const UNTRUSTED = /SELF_SIGNED|^CERT_|UNABLE_TO_(GET|VERIFY|DECRYPT)|ALTNAME|HOSTNAME_MISMATCH/;

function networkError(doing: string, error: unknown, signal: AbortSignal): ImageError {
  if (error instanceof ImageError) return error;
  if (signal.aborted) return new ImageError("cancelled", `${doing}: cancelled`, {}, { cause: signal.reason });
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  if (TIMEOUTS.includes(String(code))) return silent(doing);
  if (UNTRUSTED.test(String(code)))
    return new ImageError("untrusted", `${doing}: its certificate`, {}, { cause: error });
  return new ImageError("network", doing, {}, { cause: error });
}
