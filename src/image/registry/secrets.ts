import { ImageError } from "../error.ts";
import { basicAuthorization, type Credentials } from "./auth.ts";

/** The shortest text that counts as a secret, and the shortest part of one that is hidden: characters. */
const SHORTEST = 4;
const PART = 8;

/**
 * What a registry is given in confidence. Its answers, and errors made of them, may say it again; those go to terminals
 * and into the journal, which others read.
 */
export class Secrets {
  readonly #secrets = new Set<string>();

  addCredentials(credentials: Credentials): void {
    const { password, identityToken } = credentials;
    for (const secret of [password, identityToken]) if (secret !== undefined) this.add(secret);
    this.add(basicAuthorization(credentials).slice("Basic ".length));
  }

  /** Also hides the forms that the secret has in an address or in JSON. */
  add(secret: string): void {
    if (secret.length < SHORTEST) return;
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      this.#secrets.add(form.toLowerCase());
  }

  /** The text with an ellipsis in place of secrets and of longer parts of them. A host's name is in lower case. */
  redact(text: string): string {
    const lower = text.toLowerCase();
    let redacted = "";
    for (let at = 0; at < text.length; ) {
      const length = this.#secretAt(lower, at);
      redacted += length > 0 ? "…" : (text[at] ?? "");
      at += Math.max(length, 1);
    }
    return redacted;
  }

  /** The error without secrets in its message and those of its causes; the same one if it has none. */
  redactError(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const message = this.redact(error.message);
    const cause = this.redactError(error.cause);
    if (message === error.message && cause === error.cause) return error;
    const options = cause === undefined ? {} : { cause };
    return error instanceof ImageError
      ? new ImageError(error.code, message, error.facts, options)
      : new Error(message, options);
  }

  /** How much of a secret stands at a place of the text: characters, 0 for none. */
  #secretAt(text: string, at: number): number {
    let longest = 0;
    for (const secret of this.#secrets) {
      const begin = text.slice(at, at + Math.min(PART, secret.length));
      if (begin.length < Math.min(PART, secret.length)) continue;
      for (let place = secret.indexOf(begin); place >= 0; place = secret.indexOf(begin, place + 1)) {
        let length = begin.length;
        while (place + length < secret.length && secret[place + length] === text[at + length]) length += 1;
        longest = Math.max(longest, length);
      }
    }
    return longest;
  }
}
