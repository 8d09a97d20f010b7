import { isJsonObject } from "../../json.ts";
import { ImageError } from "../error.ts";
import { basicAuthorization, type Credentials } from "./auth.ts";
import type { HttpRequest } from "./transport.ts";

/** Whom a token is for. */
export interface TokenUse {
  readonly repository: string;
  /** The registry's own origin: an encrypted one has an encrypted token server. */
  readonly origin: string;
  readonly credentials?: Credentials | undefined;
}

/**
 * The request for a token, by the parameters of a registry's Bearer challenge (distribution, "Token Authentication
 * Specification"). Throws ImageError `protocol`.
 */
export function tokenRequest(parameters: Readonly<Record<string, string>>, use: TokenUse): HttpRequest {
  const { repository, origin, credentials } = use;
  const query = new URLSearchParams();
  if (parameters.service !== undefined) query.set("service", parameters.service);
  query.set("scope", parameters.scope ?? `repository:${repository}:pull`);
  const url = tokenServer(parameters.realm ?? "", origin);
  if (credentials?.identityToken !== undefined) {
    query.set("grant_type", "refresh_token");
    query.set("refresh_token", credentials.identityToken);
    query.set("client_id", "berth");
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { url, method: "POST", headers, body: query.toString() };
  }
  for (const [name, value] of query) url.searchParams.append(name, value);
  return { url, headers: credentials === undefined ? {} : { authorization: basicAuthorization(credentials) } };
}

function tokenServer(realm: string, origin: string): URL {
  let url: URL;
  try {
    url = new URL(realm);
  } catch {
    throw new ImageError("protocol", `the registry names ${JSON.stringify(realm)} as its token server`);
  }
  // Credentials that were safe on the way to the registry must stay so on the way to its token server.
  const safe = url.protocol === "https:" || (url.protocol === "http:" && origin.startsWith("http:"));
  if (!safe) {
    const server = /^https?:$/.test(url.protocol)
      ? `${url.origin} is not encrypted`
      : `is of ${url.protocol} and refused`;
    throw new ImageError("protocol", `the registry's token server ${server}`);
  }
  return url;
}

/** The token in a token server's answer. Throws ImageError `protocol`. */
export function parseToken(bytes: Uint8Array, origin: string): string {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    throw new ImageError("protocol", `${origin}: the token is not JSON`);
  }
  const value = isJsonObject(json) ? (json.token ?? json.access_token) : undefined;
  // A token goes into a header: nothing that could end it and start another.
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value;
  throw new ImageError("protocol", `${origin}: there is no token in the answer`);
}
