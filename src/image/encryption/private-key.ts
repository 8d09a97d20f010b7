import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isMissing } from "../../system/error.ts";
import { ImageError } from "../error.ts";

/** Key files that are no private keys, by their beginnings, with their kind and why it does not help. */
const OTHERS: readonly [looks: RegExp, what: string][] = [
  [/-----BEGIN CERTIFICATE/, "a certificate, as for keys wrapped by PKCS #7, which are not supported"],
  [/-----BEGIN PGP|^[\x95\xc5\x94\x99\xc6]/, "an OpenPGP keyring, and keys wrapped by PGP are not supported"],
  [/^\s*pkcs11:/m, "a PKCS #11 configuration, and keys in tokens are not supported"],
  [/-----BEGIN (RSA )?PUBLIC KEY/, "a public key: images are encrypted with it, and decrypted with the private one"],
];

/** Our words for the library's errors on a protected key: its own may quote the passphrase. */
const SECRET_TROUBLE: Readonly<Record<string, string>> = {
  ERR_MISSING_PASSPHRASE: "it has a passphrase, which belongs after it: FILE:file=PASSPHRASE-FILE",
  ERR_OSSL_BAD_DECRYPT: "the passphrase is wrong",
};

/**
 * The private key that `FILE[:PASSPHRASE]` names, as podman's `--decryption-key` writes it (containers/ocicrypt): PEM,
 * DER or JWK. The passphrase stands there itself (or as `pass=TEXT`), in a file (`file=PATH`, of which the line end is
 * none of it) or comes from a file descriptor (`fd=NUMBER`). Paths are relative to `cwd`. Throws ImageError
 * `bad-settings`, and `unsupported` for keys of other kinds; no message holds the passphrase.
 */
export function readPrivateKey(text: string, cwd: string): KeyObject {
  const colon = text.indexOf(":");
  const file = colon < 0 ? text : text.slice(0, colon);
  const said = colon < 0 ? undefined : text.slice(colon + 1);
  if (file === "provider" && said !== undefined) {
    throw new ImageError("unsupported", "decryption key provider:…: keys from key providers are not supported");
  }
  const path = resolve(cwd, file);
  const bytes = readKeyFile(path, `decryption key ${path}`);
  return parsePrivateKey(bytes, said === undefined ? undefined : readPassphrase(said, path, cwd), path);
}

function readPassphrase(said: string, keyPath: string, cwd: string): string {
  const [, form, value = ""] = /^(file|pass|fd)=(.*)$/s.exec(said) ?? [];
  if (form === undefined) return said;
  if (form === "pass") return value;
  const source = form === "fd" ? Number(value) : resolve(cwd, value);
  const what = `the passphrase of ${keyPath}, from ${form === "fd" ? `file descriptor ${value}` : source}`;
  return readKeyFile(source, what)
    .toString()
    .replace(/\r?\n$/, "");
}

function readKeyFile(source: string | number, what: string): Buffer {
  try {
    return readFileSync(source);
  } catch (error) {
    if (isMissing(error)) throw new ImageError("bad-settings", `${what}: there is no such file`);
    throw new ImageError("bad-settings", what, {}, { cause: error });
  }
}

function parsePrivateKey(bytes: Buffer, passphrase: string | undefined, path: string): KeyObject {
  let failure: unknown;
  for (const parse of parsers(bytes)) {
    try {
      return parse(passphrase);
    } catch (error) {
      failure ??= error;
    }
  }
  const what = `decryption key ${path}`;
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  const secret = SECRET_TROUBLE[String(code)];
  if (secret !== undefined) throw new ImageError("bad-settings", `${what}: ${secret}`);
  const other = OTHERS.find(([looks]) => looks.test(bytes.toString("latin1")));
  if (other !== undefined) throw new ImageError("unsupported", `${what}: it is ${other[1]}`);
  const orPassphrase = passphrase === undefined ? "" : ", or the passphrase is wrong";
  throw new ImageError("bad-settings", `${what}: it is no private key${orPassphrase}`);
}

/** The ways to read the bytes, by their looks. */
function parsers(bytes: Buffer): ((passphrase: string | undefined) => KeyObject)[] {
  const start = bytes.subarray(0, 64 * 1024).toString("latin1");
  const secret = (passphrase: string | undefined) => (passphrase === undefined ? {} : { passphrase });
  if (/^\s*\{/.test(start)) return [() => createPrivateKey({ key: JSON.parse(bytes.toString()), format: "jwk" })];
  if (start.includes("-----BEGIN ")) return [(passphrase) => createPrivateKey({ key: bytes, ...secret(passphrase) })];
  const types = ["pkcs8", "pkcs1", "sec1"] as const;
  return types.map(
    (type) => (passphrase) => createPrivateKey({ key: bytes, format: "der", type, ...secret(passphrase) }),
  );
}
