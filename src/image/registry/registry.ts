import { parseJsonObject, stringArray } from "../../json.ts";
import { digestOf } from "../document/digest.ts";
import { type Descriptor, MANIFEST_MAX, MANIFEST_TYPES } from "../document/manifest.ts";
import { ImageError } from "../error.ts";
import type { OnProgress } from "../progress.ts";
import type { Reference } from "../reference.ts";
import type { SourceManifest } from "../transport/image-source.ts";
import { basicAuthorization, type Challenge, type Credentials, parseChallenges } from "./auth.ts";
import { PassingFailure, parseRetryAfter, Retries, type RetryPolicy } from "./retry.ts";
import { Secrets } from "./secrets.ts";
import { parseToken, tokenRequest } from "./token.ts";
import type { HttpAnswer, Transport } from "./transport.ts";

export interface RegistryOptions {
  readonly transport: Transport;
  /** `https://registry.example:5000`, in the order in which they are tried. */
  readonly origins: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly retries: RetryPolicy;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
}

/** Bytes of a blob after which a failure is a first one again: a server may send one byte each time. */
const PROGRESS = 32 * 1024;

const TOKEN_MAX = 1024 * 1024;
const TAG_PAGE_MAX = 4 * 1024 * 1024;
const TAG_PAGES_MAX = 1000;

/** One repository of a registry, over the OCI distribution protocol (distribution-spec 1.1). */
export class RegistryClient {
  #origin: string | undefined;
  readonly #secrets = new Secrets();
  #authorization: string | undefined;

  constructor(
    private readonly reference: Reference,
    private readonly options: RegistryOptions,
  ) {
    if (options.credentials !== undefined) this.#secrets.addCredentials(options.credentials);
  }

  /** The manifest or index under a tag or a digest. */
  async manifest(which: string): Promise<SourceManifest> {
    const accept = [...MANIFEST_TYPES.keys()].join(", ");
    return this.#retries().run("manifest", async () => {
      const answer = await this.#get(`manifests/${which}`, { accept });
      const bytes = await readAll(answer, MANIFEST_MAX, "the manifest");
      const digest = digestOf(bytes);
      const claimed = which.startsWith("sha256:") ? which : (answer.header("docker-content-digest") ?? digest);
      if (claimed.startsWith("sha256:") && claimed !== digest) {
        throw new ImageError("digest-mismatch", `the manifest should be ${claimed} but is ${digest}`);
      }
      return { bytes, digest, mediaType: answer.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() };
    });
  }

  /**
   * The repository's tags, in the registry's order, over as many pages as it takes (distribution-spec, "Listing Tags").
   */
  async tags(): Promise<string[]> {
    const tags: string[] = [];
    let path: string | undefined = "tags/list";
    for (let pages = 0; path !== undefined; pages++) {
      if (pages === TAG_PAGES_MAX) throw new ImageError("too-large", `more than ${TAG_PAGES_MAX} pages of tags`);
      const wanted: string = path;
      const { bytes, link } = await this.#retries().run("tags", async () => {
        const answer = await this.#get(wanted, {});
        return { bytes: await readAll(answer, TAG_PAGE_MAX, "the list of tags"), link: answer.header("link") };
      });
      tags.push(...parseTags(bytes));
      // `Link: </v2/app/tags/list?last=b&n=2>; rel="next"` (RFC 8288); only its query is taken.
      const query: string | undefined = /<[^>]*tags\/list(\?[^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
      path = query === undefined ? undefined : `tags/list${query}`;
    }
    return tags;
  }

  /**
   * A blob's bytes, in order, each once, over as many connections as it takes: after a break it goes on where it
   * stopped (Range). Checks the size; the reader checks the digest, because it sees every byte anyway.
   */
  async *blob(blob: Descriptor): AsyncGenerator<Uint8Array> {
    const retries = this.#retries();
    let received = 0;
    let unrewarded = 0;
    while (received < blob.size) {
      try {
        for await (const chunk of this.#blobFrom(blob, received)) {
          received += chunk.length;
          if (received > blob.size) throw wrongSize(blob, received);
          unrewarded += chunk.length;
          if (unrewarded >= PROGRESS || received === blob.size) {
            retries.progress();
            unrewarded = 0;
          }
          yield chunk;
        }
        if (received < blob.size) throw new ImageError("network", `the connection ended after ${received} bytes`);
      } catch (error) {
        await retries.afterFailure(`blob ${blob.digest}`, error);
      }
    }
  }

  async *#blobFrom(blob: Descriptor, offset: number): AsyncGenerator<Uint8Array> {
    const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    // No transfer compression: the digest is that of the bytes as they are stored.
    const answer = await this.#get(`blobs/${blob.digest}`, { "accept-encoding": "identity", ...range });
    const partial = answer.status === 206;
    if (partial && !(answer.header("content-range") ?? "").startsWith(`bytes ${offset}-`)) {
      answer.discard();
      throw new ImageError("protocol", `blob ${blob.digest}: the registry sent another range than was asked for`);
    }
    const length = answer.header("content-length");
    const total = length === undefined ? undefined : Number(length) + (partial ? offset : 0);
    if (total !== undefined && total !== blob.size) {
      answer.discard();
      throw wrongSize(blob, total);
    }
    let skip = partial ? 0 : offset; // A registry without ranges starts over.
    for await (const chunk of answer.body) {
      const rest = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  }

  #retries(): Retries {
    const { retries, signal, onProgress } = this.options;
    return new Retries(retries, signal, onProgress, (error) => this.#secrets.redactError(error));
  }

  /** GET below the repository, with whatever authorization it takes. */
  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const origin = await this.#findOrigin();
    const url = new URL(`${origin}/v2/${this.reference.repository}/${path}`);
    const send = (): Promise<HttpAnswer> => {
      const authorization = this.#authorization;
      return this.options.transport.send({ url, headers: { ...headers, ...(authorization ? { authorization } : {}) } });
    };
    let answer = await send();
    // Only the registry itself is believed: where it has redirected to could name a server of its own, which would get
    // the user's credentials.
    if (answer.status === 401 && answer.url.origin === origin) {
      const challenges = parseChallenges(answer.header("www-authenticate") ?? "");
      answer.discard();
      this.#authorization = await this.#authorize(challenges);
      answer = await send();
    }
    if (answer.status === 200 || answer.status === 206) return answer;
    throw await this.#refusal(answer, path);
  }

  /** The first origin that speaks HTTP. With a single one there is nothing to find out. */
  async #findOrigin(): Promise<string> {
    if (this.#origin !== undefined) return this.#origin;
    const { origins, transport } = this.options;
    let last: unknown = new ImageError("network", "no address to try");
    for (const origin of origins) {
      if (origins.length > 1) {
        try {
          const answer = await transport.send({ url: new URL(`${origin}/v2/`), headers: {} });
          answer.discard();
        } catch (error) {
          if (error instanceof ImageError && error.code === "cancelled") throw error;
          last = error;
          continue;
        }
      }
      this.#origin = origin;
      return origin;
    }
    throw last;
  }

  async #authorize(challenges: readonly Challenge[]): Promise<string> {
    const { credentials } = this.options;
    const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.realm !== undefined);
    if (bearer !== undefined) return `Bearer ${await this.#token(bearer.parameters)}`;
    if (challenges.some(({ scheme }) => scheme === "basic") && credentials !== undefined) {
      return basicAuthorization(credentials);
    }
    throw this.#unauthorized();
  }

  #unauthorized(): ImageError {
    const have = this.options.credentials === undefined ? "no credentials" : "the credentials were not accepted";
    return new ImageError("unauthorized", `${this.reference.registry} wants authorization: ${have}`);
  }

  /** A token from the server that the challenge names (distribution, "Token Authentication Specification"). */
  async #token(parameters: Readonly<Record<string, string>>): Promise<string> {
    const { repository } = this.reference;
    const wanted = tokenRequest(parameters, { repository, origin: this.#origin ?? "", ...this.options });
    const answer = await this.options.transport.send(wanted);
    if (answer.status === 401 || answer.status === 403) {
      answer.discard();
      throw this.#unauthorized();
    }
    if (answer.status !== 200) throw await this.#refusal(answer, "token");
    const token = parseToken(await readAll(answer, TOKEN_MAX, "the token"), wanted.url.origin);
    this.#secrets.add(token);
    return token;
  }

  /** The error for an unexpected answer, from its status and the registry's own words. */
  async #refusal(answer: HttpAnswer, path: string): Promise<Error> {
    const { status } = answer;
    const words = await errorText(answer);
    const what = `${this.reference.registry}/${this.reference.repository} ${path}: HTTP ${status}${words}`;
    if (status === 401 || status === 403) return new ImageError("unauthorized", what, { status });
    if (status === 404) return new ImageError("not-found", what, { status });
    if (status === 416) return new ImageError("size-mismatch", what, { status });
    const failure = new ImageError("registry", what, { status });
    const passes = status === 429 || status === 408 || (status >= 500 && status !== 501);
    return passes ? new PassingFailure(failure, parseRetryAfter(answer.header("retry-after"), Date.now())) : failure;
  }
}

function parseTags(bytes: Uint8Array): readonly string[] {
  const refuse = (why: string): never => {
    throw new ImageError("protocol", `the list of tags: ${why}`);
  };
  return stringArray(parseJsonObject(bytes, refuse), "tags", refuse);
}

function wrongSize(blob: Descriptor, got: number): ImageError {
  const facts = { expected: blob.size, got };
  return new ImageError("size-mismatch", `blob ${blob.digest}: expected ${blob.size} bytes, got ${got}`, facts);
}

async function readAll(answer: HttpAnswer, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const tooLarge = () => new ImageError("too-large", `${what} is longer than ${limit} bytes`, { limit });
  if (Number(answer.header("content-length") ?? 0) > limit) {
    answer.discard();
    throw tooLarge();
  }
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `": manifest unknown"` from a registry's JSON error (distribution-spec, "Error Codes"), or nothing. */
async function errorText(answer: HttpAnswer): Promise<string> {
  try {
    const json: unknown = JSON.parse(Buffer.from(await readAll(answer, 64 * 1024, "the error")).toString());
    const message: unknown = (json as { errors?: { message?: unknown }[] }).errors?.[0]?.message;
    return typeof message === "string" ? `: ${message.replace(/[^\x20-\x7e]/g, "?").slice(0, 200)}` : "";
  } catch {
    return "";
  }
}
