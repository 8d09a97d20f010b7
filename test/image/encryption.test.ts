import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestHex } from "../../src/image/document/digest.ts";
import { readPrivateKey } from "../../src/image/encryption/private-key.ts";
import { ImageError } from "../../src/image/error.ts";
import { openLayers } from "../../src/image/layer/layer-store.ts";
import { openStore } from "../../src/image/store/store.ts";
import { base64, type Encryption, encryptLayer, JWE, PUBLIC_OPTIONS } from "./support/encrypt.ts";
import { type PolicyOptions, pullFrom, refusedFrom } from "./support/pulling.ts";
import { OCI_LAYER, TestRegistry } from "./support/registry.ts";
import { listTree, scratchDirectories } from "./support/scratch.ts";
import { dir, file, sha256, tar } from "./support/tar.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
if (!root) console.warn("test/image/encryption.test.ts: skipped, unpacking gives files away: run as root");

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const OTHER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const EC = generateKeyPairSync("ec", { namedCurve: "P-384" });
/** Bytes of a file and more, which gzip does not make small: several pieces. */
const SECRET = tar([
  dir("etc"),
  file("etc/secret", Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * at * 31) >> 3))),
]);
const TOP = tar([file("top", "of it")]);

let registry: TestRegistry;
beforeEach(async () => {
  registry = new TestRegistry();
  await registry.start();
});
afterEach(() => registry.stop());

const pull = (state: string, name: string, more: Partial<PolicyOptions> = {}) => pullFrom(registry, state, name, more);
const refused = (state: string, name: string, more: Partial<PolicyOptions> = {}) =>
  refusedFrom(registry, state, name, more);
const WITH_KEY = { decryptionKeys: [RSA.privateKey] };

type Layer = { mediaType: string; digest: string; size: number; annotations?: Record<string, string> };
type ChangeLayer = (layer: Layer, at: number) => Layer;

/**
 * An image whose layers are encrypted, each for itself. `change` is what a hostile registry makes of a layer's
 * descriptor.
 */
async function putEncrypted(
  tag: string,
  layers: readonly Buffer[],
  encryption: Encryption = { to: [RSA.publicKey] },
  change: ChangeLayer = (layer) => layer,
) {
  const made = await Promise.all(layers.map((layer) => encryptLayer(gzipSync(layer), encryption)));
  let next = 0;
  return registry.putImage(tag, {
    layers,
    compress: () => made[next++]?.blob ?? Buffer.alloc(0),
    layerType: `${OCI_LAYER}+encrypted`,
    manifest: (manifest) => ({
      ...manifest,
      layers: (manifest.layers as Layer[]).map((layer, at) =>
        change({ ...layer, annotations: made[at]?.annotations ?? {} }, at),
      ),
    }),
  });
}

describe.skipIf(!root)("an encrypted image", () => {
  test("is decrypted on its way, and kept as it came", async () => {
    const state = scratch();
    const pushed = await putEncrypted("1", [SECRET, TOP], { to: [EC.publicKey, RSA.publicKey] });
    for (const key of [RSA.privateKey, EC.privateKey]) {
      const image = await pull(scratch(), "app:1", { decryptionKeys: [OTHER.privateKey, key] });
      expect(image.manifestDigest as string).toBe(pushed.manifestDigest);
    }
    const image = await pull(state, "app:1", WITH_KEY);
    const [lower = ""] = openLayers(state).lower(image.layers);
    expect(readFileSync(join(lower, "etc/secret"))).toHaveLength(400_000);
    for (const digest of pushed.layerDigests) {
      const kept = readFileSync(join(state, "images/blobs/sha256", digest.slice(7)));
      expect(sha256(kept)).toBe(digest);
    }
    expect(await openStore(state).verify()).toEqual([]);
    expect(listTree(join(state, "tmp"))).toEqual([]);
    expect((await pull(state, `app@${pushed.manifestDigest}`, WITH_KEY)).configDigest).toBe(image.configDigest);
  });

  test("takes the key each time it is pulled, but is not fetched twice", async () => {
    const state = scratch();
    await putEncrypted("1", [SECRET]);
    const { configDigest } = await pull(state, "app:1", WITH_KEY);
    registry.requests.length = 0;
    await pull(state, "app:1", WITH_KEY);
    const fetched = registry.requests.filter(({ path }) => path.includes("/blobs/"));
    expect(fetched.map(({ path }) => path.split("/").at(-1))).toEqual([configDigest]);
    expect((await refused(state, "app:1")).code).toBe("no-key");
    expect((await refused(state, "app:1", { decryptionKeys: [OTHER.privateKey] })).code).toBe("wrong-key");
    registry.requests.length = 0;
    expect((await pull(state, "app:1", { policy: "missing" })).configDigest).toBe(configDigest);
    expect(registry.requests).toEqual([]);
    expect((await pull(state, "app:1", { policy: "newer" })).configDigest).toBe(configDigest);
  });

  test("is unpacked again from what the store has of it", async () => {
    const state = scratch();
    await putEncrypted("1", [SECRET]);
    const image = await pull(state, "app:1", WITH_KEY);
    execFileSync("rm", ["-r", join(state, "layers", digestHex(image.layers[0] ?? image.configDigest))]);
    await pull(state, "app:1", WITH_KEY);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("may have layers that are not, and be for several keys one after the other", async () => {
    const first = await encryptLayer(gzipSync(TOP), { to: [OTHER.publicKey] });
    await putEncrypted("1", [SECRET, TOP], { to: [RSA.publicKey] }, (layer, at) => {
      if (at === 0)
        return {
          ...layer,
          annotations: { ...layer.annotations, [JWE]: `${first.annotations[JWE]},${layer.annotations?.[JWE]}` },
        };
      const plain = gzipSync(TOP);
      return { mediaType: OCI_LAYER, digest: registry.putBlob(plain), size: plain.length };
    });
    const image = await pull(scratch(), "app:1", WITH_KEY);
    expect(image.layers).toHaveLength(2);
  });

  test("is refused without a key and with another, before anything of it is fetched", async () => {
    const { layerDigests } = await putEncrypted("1", [SECRET]);
    const without = await refused(scratch(), "app:1");
    expect(without.code).toBe("no-key");
    expect(without.message).toEndWith(
      `layer ${layerDigests[0]}: it is encrypted, and no key is given: give the private key (--decryption-key, DecryptionKey=)`,
    );
    for (const key of [OTHER.privateKey, EC.privateKey]) {
      const { code, message } = await refused(scratch(), "app:1", { decryptionKeys: [key] });
      expect(code).toBe("wrong-key");
      expect(message).toContain("the given key does not fit");
    }
    const two = await refused(scratch(), "app:1", { decryptionKeys: [OTHER.privateKey, EC.privateKey] });
    expect(two.message).toContain("none of the 2 given keys fits");
    expect(registry.requests.some(({ path }) => path.endsWith(layerDigests[0] ?? ""))).toBe(false);
  });
});

/** Another `annotations` member with what `change` makes of the options in it. */
const withOptions = (layer: Layer, change: (options: Record<string, unknown>) => unknown): Layer => {
  const options = JSON.parse(Buffer.from(layer.annotations?.[PUBLIC_OPTIONS] ?? "", "base64").toString());
  return { ...layer, annotations: { ...layer.annotations, [PUBLIC_OPTIONS]: base64(JSON.stringify(change(options))) } };
};
const annotated = (layer: Layer, annotations: Record<string, string>): Layer => ({ ...layer, annotations });

describe.skipIf(!root)("an encrypted image that somebody has changed is refused, and nothing is kept", () => {
  const refusals: readonly [what: string, code: string, message: string | RegExp, change: ChangeLayer][] = [
    [
      "another HMAC",
      "bad-encryption",
      "its HMAC is another",
      (layer) => withOptions(layer, (it) => ({ ...it, hmac: base64(Buffer.alloc(32)) })),
    ],
    [
      "no HMAC",
      "bad-encryption",
      "its hmac has 0 bytes instead of 32",
      (layer) => withOptions(layer, (it) => ({ ...it, hmac: null })),
    ],
    [
      "another cipher",
      "unsupported",
      'the cipher "ROT13": only AES_256',
      (layer) => withOptions(layer, (it) => ({ ...it, cipher: "ROT13" })),
    ],
    ["no annotations", "bad-encryption", "its key is not there", (layer) => annotated(layer, {})],
    [
      "a key that is no JSON",
      "bad-encryption",
      `${JWE}: it is not JSON`,
      (layer) => annotated(layer, { ...layer.annotations, [JWE]: base64("x") }),
    ],
    [
      "a key that is no JWE",
      "wrong-key",
      "its annotations were changed",
      (layer) => annotated(layer, { ...layer.annotations, [JWE]: base64('{"recipients":7}') }),
    ],
    [
      "options that are no JSON",
      "bad-encryption",
      `${PUBLIC_OPTIONS}: it is not JSON`,
      (layer) => annotated(layer, { ...layer.annotations, [PUBLIC_OPTIONS]: "%" }),
    ],
    [
      "a changed key",
      "wrong-key",
      "the given key does not fit",
      (layer) => {
        const jwe = JSON.parse(Buffer.from(layer.annotations?.[JWE] ?? "", "base64").toString());
        jwe.ciphertext = `${jwe.ciphertext.startsWith("A") ? "B" : "A"}${jwe.ciphertext.slice(1)}`;
        return annotated(layer, { ...layer.annotations, [JWE]: base64(JSON.stringify(jwe)) });
      },
    ],
    [
      "a key wrapped for PGP and by a provider",
      "unsupported",
      'wrapped by PGP, "provider.tpm": only JWE',
      (layer) =>
        annotated(layer, {
          "org.opencontainers.image.enc.keys.pgp": "x",
          "org.opencontainers.image.enc.keys.provider.tpm": "x",
        }),
    ],
    [
      "a key wrapped for PKCS #7",
      "unsupported",
      "wrapped by PKCS #7: only JWE",
      (layer) => annotated(layer, { "org.opencontainers.image.enc.keys.pkcs7": "x" }),
    ],
    [
      "a type that is none",
      "unsupported",
      "docker.image.rootfs.diff.tar.gzip+encrypted is not supported",
      (layer) => ({ ...layer, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted" }),
    ],
    ["a type that says it is not encrypted", "corrupt-layer", "tar", (layer) => ({ ...layer, mediaType: OCI_LAYER })],
  ];
  for (const [what, code, message, change] of refusals) {
    test(what, async () => {
      await putEncrypted("1", [SECRET], { to: [RSA.publicKey] }, change);
      const failed = await refused(scratch(), "app:1", WITH_KEY);
      expect(failed.code as string).toBe(code);
      expect(failed.message).toMatch(message);
    });
  }

  test("bytes that were changed, under a digest that was changed with them", async () => {
    for (const place of [0, 0.0001, 0.5, 1]) {
      await putEncrypted("1", [SECRET], { to: [RSA.publicKey] }, (layer) => {
        const blob = Buffer.from(registry.blobs.get(layer.digest) ?? "");
        const index = Math.floor(place * (blob.length - 1));
        blob[index] = (blob[index] ?? 0) ^ 0x55;
        return { ...layer, digest: registry.putBlob(blob) };
      });
      const { code, message } = await refused(scratch(), "app:1", WITH_KEY);
      expect(code).toBe("bad-encryption");
      expect(message).toMatch(/layer sha256:[0-9a-f]{64}: its HMAC is another: it was changed after it was encrypted$/);
    }
  });

  test("bytes that were changed without that, or cut off", async () => {
    const { layerDigests } = await putEncrypted("1", [SECRET]);
    const digest = layerDigests[0] ?? "";
    const blob = registry.blobs.get(digest) ?? Buffer.alloc(0);
    registry.blobs.set(digest, Buffer.concat([Buffer.from([(blob[0] ?? 0) ^ 1]), blob.subarray(1)]));
    expect((await refused(scratch(), "app:1", WITH_KEY)).code).toBe("digest-mismatch");
    registry.blobs.set(digest, blob.subarray(0, -1));
    expect((await refused(scratch(), "app:1", WITH_KEY)).code).toBe("size-mismatch");
  });

  test("layers in each other's place", async () => {
    let first: Layer | undefined;
    await putEncrypted("1", [SECRET, TOP], { to: [RSA.publicKey] }, (layer, at) => {
      if (at === 0) first = layer;
      return at === 0 ? layer : { ...layer, annotations: first?.annotations ?? {} };
    });
    const state = scratch();
    const failed = await pull(state, "app:1", WITH_KEY).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ImageError);
    expect((failed as ImageError).code).toBe("bad-encryption");
    expect(openStore(state).list()).toEqual([]);
  });

  test("keys that are too short, and a layer that is not the configuration's", async () => {
    await putEncrypted("1", [SECRET], { to: [RSA.publicKey], wrapped: (it) => ({ ...it, symkey: base64("short") }) });
    expect((await refused(scratch(), "app:1", WITH_KEY)).message).toContain("its symkey has 5 bytes instead of 32");
    await putEncrypted("1", [SECRET], { to: [RSA.publicKey], wrapped: () => "no object" });
    expect((await refused(scratch(), "app:1", WITH_KEY)).message).toContain(
      "its unwrapped key: it is not a JSON object",
    );
    const { annotations, blob } = await encryptLayer(gzipSync(TOP), { to: [RSA.publicKey] });
    await putEncrypted("1", [SECRET], { to: [RSA.publicKey] }, (layer) => ({
      ...layer,
      digest: registry.putBlob(blob),
      size: blob.length,
      annotations,
    }));
    expect((await refused(scratch(), "app:1", WITH_KEY)).code).toBe("digest-mismatch");
  });

  test("a counter that everybody may choose is not obeyed", async () => {
    const nonce = { nonce: base64(Buffer.alloc(16)) };
    await putEncrypted("1", [SECRET], { to: [RSA.publicKey], shown: (it) => ({ ...it, cipheroptions: nonce }) });
    await pull(scratch(), "app:1", WITH_KEY);
  });
});

describe.skipIf(!root)("a layer that another image has brought", () => {
  /** An image of nobody who has the layer: its configuration names it, and any blob takes its place. */
  const claim = (blob: Buffer, layerType = OCI_LAYER) =>
    registry.putImage("claim", { layers: [SECRET], compress: () => blob, layerType });

  test("is shared with an image that brings the same, encrypted or not", async () => {
    const state = scratch();
    await putEncrypted("1", [SECRET]);
    await pull(state, "app:1", WITH_KEY);
    registry.putImage("2", { layers: [SECRET] });
    expect((await pull(state, "app:2")).layers).toHaveLength(1);
    await putEncrypted("3", [SECRET], { to: [EC.publicKey] });
    await pull(state, "app:3", { decryptionKeys: [EC.privateKey] });
    expect(listTree(join(state, "layers")).filter((path) => !path.includes("/"))).toHaveLength(1);
    expect(await openStore(state).verify()).toEqual([]);
  });

  test("is not given to one that only names it: with a blob of its own, a known one, or the encrypted one", async () => {
    const state = scratch();
    const secret = await putEncrypted("1", [SECRET]);
    await pull(state, "app:1", WITH_KEY);
    registry.putImage("2", { layers: [TOP] });
    await pull(state, "app:2");
    const encrypted = registry.blobs.get(secret.layerDigests[0] ?? "") ?? Buffer.alloc(0);
    for (const blob of [gzipSync(tar([file("mine")])), gzipSync(TOP), encrypted]) {
      claim(blob);
      const { code, message } = await refused(state, "app:claim");
      expect(code).toBe("digest-mismatch");
      expect(message).toContain("uncompressed, it should be sha256:");
    }
    claim(gzipSync(SECRET).subarray(0, -9));
    expect((await refused(state, "app:claim")).code).toBe("corrupt-layer");
    claim(encrypted, `${OCI_LAYER}+encrypted`);
    expect((await refused(state, "app:claim", WITH_KEY)).code).toBe("bad-encryption");
  });

  test("is not given to one that names its encrypted blob too, with a key of its own for the same recipient", async () => {
    const state = scratch();
    const secret = await putEncrypted("1", [SECRET]);
    await pull(state, "app:1", WITH_KEY);
    const encrypted = registry.blobs.get(secret.layerDigests[0] ?? "") ?? Buffer.alloc(0);
    const mine = await encryptLayer(gzipSync(TOP), { to: [RSA.publicKey] });
    registry.putImage("claim", {
      layers: [SECRET],
      compress: () => encrypted,
      layerType: `${OCI_LAYER}+encrypted`,
      manifest: (manifest) => ({
        ...manifest,
        layers: (manifest.layers as Layer[]).map((layer) => annotated(layer, mine.annotations)),
      }),
    });
    expect((await refused(state, "app:claim", WITH_KEY)).code).toBe("bad-encryption");
    await pull(state, "app:1", WITH_KEY);
  });

  test("is compared again when its pull did not come to its end, without being fetched", async () => {
    const state = scratch();
    const { layerDigests } = registry.putImage("1", { layers: [SECRET, TOP] });
    const top = registry.blobs.get(layerDigests[1] ?? "") ?? Buffer.alloc(0);
    registry.blobs.delete(layerDigests[1] ?? "");
    await pull(state, "app:1").catch(() => {});
    expect(existsSync(join(state, "images/blobs/sha256", (layerDigests[0] ?? "").slice(7)))).toBe(true);
    registry.blobs.set(layerDigests[1] ?? "", top);
    registry.requests.length = 0;
    await pull(state, "app:1");
    expect(registry.requests.some(({ path }) => path.endsWith(layerDigests[0] ?? "-"))).toBe(false);
    expect(await openStore(state).verify()).toEqual([]);
  });
});

describe("a private key", () => {
  /** A folder with an RSA and an elliptic key in every form that openssl writes. */
  function keys(): string {
    const at = scratch();
    const script = `
      openssl genrsa -out rsa.pem 2048; openssl rsa -in rsa.pem -pubout -out rsa.pub
      openssl rsa -in rsa.pem -traditional -out rsa1.pem; openssl rsa -in rsa.pem -traditional -outform DER -out rsa1.der
      openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out rsa8.der
      openssl pkcs8 -topk8 -in rsa.pem -passout pass:a:b -out secret8.pem
      openssl pkcs8 -topk8 -in rsa.pem -passout pass:a:b -outform DER -out secret8.der
      openssl rsa -in rsa.pem -traditional -aes256 -passout pass:a:b -out secret1.pem
      openssl ecparam -name prime256v1 -genkey -noout -out ec.pem; openssl ec -in ec.pem -outform DER -out ec.der
      openssl req -x509 -new -key rsa.pem -subj /CN=x -days 9 -out rsa.crt
      echo a:b > passphrase; echo no key > nonsense; printf 'pkcs11:\\n  uri: x\\n' > token.yaml
      echo '-----BEGIN PGP PRIVATE KEY BLOCK-----' > ring.asc`;
    execFileSync("sh", ["-euc", script], { cwd: at, stdio: ["ignore", "ignore", "pipe"] });
    return at;
  }

  test("is read in every form, with its passphrase in every form", () => {
    const at = keys();
    writeFileSync(join(at, "key.jwk"), JSON.stringify(readPrivateKey("rsa.pem", at).export({ format: "jwk" })));
    const rsa = ["rsa.pem", "rsa1.pem", "rsa1.der", "rsa8.der", "key.jwk", join(at, "rsa.pem"), "rsa.pem:unused"];
    const secret = ["secret8.pem", "secret8.der", "secret1.pem"].flatMap((name) => [
      `${name}:a:b`,
      `${name}:pass=a:b`,
      `${name}:file=passphrase`,
      `${name}:file=${join(at, "passphrase")}`,
    ]);
    const first = readPrivateKey("rsa.pem", at).export({ format: "jwk" });
    for (const text of [...rsa, ...secret]) {
      expect([text, readPrivateKey(text, at).export({ format: "jwk" })]).toEqual([text, first]);
    }
    for (const text of ["ec.pem", "ec.der"]) expect(readPrivateKey(text, at).asymmetricKeyType).toBe("ec");
  });

  test("that is none is refused with the reason, and without the passphrase", () => {
    const at = keys();
    const why = (text: string): string => {
      try {
        return `read as ${readPrivateKey(text, at).asymmetricKeyType}`;
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        expect(error.message).not.toContain("hunter2");
        return `${error.code}: ${error.message.replaceAll(`${at}/`, "")}`;
      }
    };
    expect(["none", "nonsense", "secret8.pem", "secret1.pem:hunter2", "secret8.pem:pass=hunter2"].map(why)).toEqual([
      "bad-settings: decryption key none: there is no such file",
      "bad-settings: decryption key nonsense: it is no private key",
      "bad-settings: decryption key secret8.pem: it has a passphrase, which belongs after it: FILE:file=PASSPHRASE-FILE",
      "bad-settings: decryption key secret1.pem: the passphrase is wrong",
      "bad-settings: decryption key secret8.pem: the passphrase is wrong",
    ]);
    expect(why("nonsense:hunter2")).toContain("it is no private key, or the passphrase is wrong");
    expect(why("secret8.pem:file=none")).toBe(
      "bad-settings: the passphrase of secret8.pem, from none: there is no such file",
    );
    expect(why("secret8.pem:fd=nine")).toBe("bad-settings: the passphrase of secret8.pem, from file descriptor nine");
    expect(["rsa.crt", "ring.asc", "token.yaml", "rsa.pub", "provider:tpm"].map(why)).toEqual([
      expect.stringMatching(/^unsupported: .*a certificate, as for keys wrapped by PKCS #7/),
      expect.stringMatching(/^unsupported: .*OpenPGP/),
      expect.stringMatching(/^unsupported: .*PKCS #11/),
      expect.stringMatching(/^unsupported: .*a public key/),
      expect.stringMatching(/^unsupported: .*key providers/),
    ]);
  });
});
