import type { Credentials as UserAndPassword } from "../../options/values/pull.ts";

/** One way in that a server offers in WWW-Authenticate. */
export interface Challenge {
  /** Lower-case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Reads a WWW-Authenticate header (RFC 9110, 11.6.1): several challenges may share one header, and a quoted value
 * may hold commas. What cannot be read ends the list.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const item = new RegExp(
    `^[\\s,]*(?:(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(${token})(?=\\s|,|$))`,
  );
  let rest = header;
  for (let match = item.exec(rest); match !== null; match = item.exec(rest)) {
    rest = rest.slice(match[0].length);
    const [, name, quoted, plain, scheme] = match;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: Object.create(null) });
    const current = challenges.at(-1);
    if (name === undefined || current === undefined) continue;
    current.parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
  }
  return challenges;
}

/** What a user presents to a registry. */
export interface Credentials extends UserAndPassword {
  /** An OAuth2 refresh token, in place of a password (`identitytoken` in authentication files). */
  readonly identityToken?: string;
}

export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
