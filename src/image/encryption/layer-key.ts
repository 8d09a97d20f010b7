import type { KeyObject } from "node:crypto";
import { isJsonObject, type JsonObject, parseJsonObject } from "../../json.ts";
import type { Descriptor } from "../document/manifest.ts";
import { ImageError } from "../error.ts";

/** The secrets that decrypt one layer and prove that it is unchanged. */
export interface LayerKey {
  /** 32 bytes: the key of AES-256 and of the HMAC. */
  readonly symmetricKey: Buffer;
  /** 16 bytes: where AES's counter begins. */
  readonly nonce: Buffer;
  /** 32 bytes: HMAC-SHA-256 of the layer as it is transferred. */
  readonly hmac: Buffer;
}

/**
 * The annotations of an encrypted layer (containers/ocicrypt): its key, wrapped once or more in each of several ways …
 */
const WRAPPED = "org.opencontainers.image.enc.keys.";
/** … and the public parameters of the cipher. */
const PUBLIC_OPTIONS = "org.opencontainers.image.enc.pubopts";
const CIPHER = "AES_256_CTR_HMAC_SHA256";

/** Ways to wrap a key that berth cannot undo, with the names that people know. */
const WRAPPINGS: Readonly<Record<string, string>> = { pgp: "PGP", pkcs7: "PKCS #7", pkcs11: "PKCS #11" };

/** Accepted JWE algorithms: those that ocicrypt writes and their near relations, none with a password. */
const JWE_OPTIONS = {
  keyManagementAlgorithms: "RSA-OAEP RSA-OAEP-256 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW".split(" "),
  contentEncryptionAlgorithms: ["A128GCM", "A192GCM", "A256GCM"],
};

/**
 * The key of an encrypted layer, unwrapped by the first of the private keys that fits. Throws ImageError `no-key` when
 * none is given, `wrong-key` when none fits, `unsupported` for other wrappings than JWE and other ciphers, and
 * `bad-encryption` for annotations that make no sense.
 */
export async function unwrapLayerKey(layer: Descriptor, keys: readonly KeyObject[]): Promise<LayerKey> {
  const what = `layer ${layer.digest}`;
  const wrapped = wrappedKeys(layer, what);
  const publicOptions = openOptions(decoded(layer.annotations[PUBLIC_OPTIONS] ?? ""), `${what}: ${PUBLIC_OPTIONS}`);
  if (publicOptions.cipher !== CIPHER) {
    const cipher = JSON.stringify(publicOptions.cipher) ?? "none";
    throw new ImageError(
      "unsupported",
      `${what}: it is encrypted with the cipher ${cipher}: only ${CIPHER} is supported`,
    );
  }
  if (keys.length === 0) {
    const how = "give the private key (--decryption-key, DecryptionKey=)";
    throw new ImageError("no-key", `${what}: it is encrypted, and no key is given: ${how}`);
  }
  for (const jwe of wrapped) {
    for (const key of keys) {
      const opened = await unwrap(jwe, key);
      if (opened !== undefined) return layerKey(openOptions(opened, `${what}: its unwrapped key`), publicOptions, what);
    }
  }
  const given = keys.length === 1 ? "the given key does not fit" : `none of the ${keys.length} given keys fits`;
  throw new ImageError(
    "wrong-key",
    `${what}: it is encrypted for somebody else, or its annotations were changed: ${given}`,
  );
}

/** The JWEs that hold the layer's key, JSON not yet looked into. */
function wrappedKeys(layer: Descriptor, what: string): JsonObject[] {
  const jwe = layer.annotations[`${WRAPPED}jwe`];
  if (jwe !== undefined && jwe !== "") {
    return jwe.split(",").map((text) => openOptions(decoded(text), `${what}: ${WRAPPED}jwe`));
  }
  const others = Object.keys(layer.annotations).filter((name) => name.startsWith(WRAPPED));
  if (others.length === 0) throw new ImageError("bad-encryption", `${what}: it is encrypted, but its key is not there`);
  const names = others.map((name) => name.slice(WRAPPED.length)).map((name) => WRAPPINGS[name] ?? JSON.stringify(name));
  throw new ImageError("unsupported", `${what}: its key is wrapped by ${names.join(", ")}: only JWE is supported`);
}

function decoded(base64: string): Uint8Array {
  return Buffer.from(base64, "base64");
}

function openOptions(bytes: Uint8Array, what: string): JsonObject {
  return parseJsonObject(bytes, (why) => {
    throw new ImageError("bad-encryption", `${what}: ${why}`);
  });
}

/** The content of a JWE (RFC 7516, general or flattened JSON); undefined if it is for another key or was changed. */
async function unwrap(jwe: JsonObject, key: KeyObject): Promise<Uint8Array | undefined> {
  const { flattenedDecrypt, generalDecrypt } = await import("jose");
  // Its members come from outside; the library checks each.
  const checked = jwe as never;
  try {
    const { plaintext } = await ("recipients" in jwe
      ? generalDecrypt(checked, key, JWE_OPTIONS)
      : flattenedDecrypt(checked, key, JWE_OPTIONS));
    return plaintext;
  } catch {
    // The library throws many kinds of errors, which do not distinguish a key of another kind (RSA, a curve), a wrong
    // key and a changed JWE.
    return undefined;
  }
}

function layerKey(privateOptions: JsonObject, publicOptions: JsonObject, what: string): LayerKey {
  const bytes = (name: string, length: number, ...places: readonly unknown[]): Buffer => {
    const text = places
      .map((place) => (isJsonObject(place) ? place[name] : undefined))
      .find((value) => typeof value === "string");
    const value = Buffer.from(typeof text === "string" ? text : "", "base64");
    if (value.length === length) return value;
    throw new ImageError("bad-encryption", `${what}: its ${name} has ${value.length} bytes instead of ${length}`);
  };
  // Ignore the digest there: it is that of the layer before it was compressed for the push.
  return {
    symmetricKey: bytes("symkey", 32, privateOptions),
    // Prefer the wrapped one: changing it takes the key.
    nonce: bytes("nonce", 16, privateOptions.cipheroptions, publicOptions.cipheroptions),
    // The first versions of ocicrypt had it among the cipher's options.
    hmac: bytes("hmac", 32, publicOptions, publicOptions.cipheroptions),
  };
}
