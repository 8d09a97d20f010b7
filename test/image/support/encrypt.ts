import { createCipheriv, createHmac, type KeyObject, randomBytes } from "node:crypto";
import { GeneralEncrypt } from "jose";
import { sha256 } from "./tar.ts";

/** What a test wants of an encrypted layer; everything can be given a lie. */
export interface Encryption {
  readonly to: readonly KeyObject[];
  /** Changes what is wrapped for the recipients before it is. */
  readonly wrapped?: (options: Record<string, unknown>) => unknown;
  /** Changes what everybody may know. */
  readonly shown?: (options: Record<string, unknown>) => unknown;
}

export interface EncryptedLayer {
  readonly blob: Buffer;
  readonly annotations: Record<string, string>;
}

export const JWE = "org.opencontainers.image.enc.keys.jwe";
export const PUBLIC_OPTIONS = "org.opencontainers.image.enc.pubopts";

/** Encrypts a compressed layer as containers/ocicrypt does. */
export async function encryptLayer(layer: Buffer, encryption: Encryption): Promise<EncryptedLayer> {
  const key = randomBytes(32);
  const nonce = randomBytes(16);
  const blob = createCipheriv("aes-256-ctr", key, nonce).update(layer);
  const wrapped = { symkey: base64(key), digest: sha256(layer), cipheroptions: { nonce: base64(nonce) } };
  const hmac = base64(createHmac("sha256", key).update(blob).digest());
  const shown = { cipher: "AES_256_CTR_HMAC_SHA256", hmac, cipheroptions: {} };
  const jwe = new GeneralEncrypt(Buffer.from(JSON.stringify(encryption.wrapped?.(wrapped) ?? wrapped)));
  jwe.setProtectedHeader({ enc: "A256GCM" });
  for (const to of encryption.to) {
    const alg = to.asymmetricKeyType === "rsa" ? "RSA-OAEP" : "ECDH-ES+A256KW";
    jwe.addRecipient(to).setUnprotectedHeader({ alg });
  }
  return {
    blob,
    annotations: {
      [JWE]: base64(Buffer.from(JSON.stringify(await jwe.encrypt()))),
      [PUBLIC_OPTIONS]: base64(Buffer.from(JSON.stringify(encryption.shown?.(shown) ?? shown))),
    },
  };
}

export function base64(bytes: Uint8Array | string): string {
  return Buffer.from(bytes).toString("base64");
}
