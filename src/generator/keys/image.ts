import { parseImageName, parseImageReference } from "../../options/values/image-name.ts";
import { parseServiceName } from "../../options/values/name.ts";
import { parseCredentials, parsePullPolicy } from "../../options/values/pull.ts";
import { retryRows } from "./common.ts";
import { lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Image]`: Quadlet's keys for an image to pull, podman-systemd.unit(5). */
export const imageKeys = lazyKeyTable(() => [
  supported("AllTags", "boolean", "Pull every tag", "yes", { flag: "all-tags" }),
  supported("Arch", "string", "Architecture", "arm64", { flag: "arch" }),
  supported("AuthFile", "string", "File with credentials", "/etc/registry/auth.json", { flag: "authfile" }),
  supported("CertDir", "string", "Folder with certificates", "/etc/registry/certs", { flag: "cert-dir" }),
  ...podmanOnly(),
  ...retryRows(),
  supported(
    "Creds",
    "string",
    "User and password; AuthFile= keeps them out of what everybody can read",
    "user:password",
    {
      parse: parseCredentials,
      flag: "creds",
    },
  ),
  supported(
    "DecryptionKey",
    "string",
    "File with the private key for an encrypted image, and where its passphrase is",
    "/etc/image.key:file=/etc/image.passphrase",
    { flag: "decryption-key" },
  ),
  supported("Image", "string", "Image to pull", "registry.example/web:1", { parse: parseImageReference }),
  supported("ImageTag", "string", "Name that others refer to instead of Image=", "registry.example/web:1", {
    parse: parseImageName,
  }),
  supported("OS", "string", "Operating system", "linux", { flag: "os" }),
  supported("PodmanArgs", "exec-words", "More flags for the pull", "--os=linux"),
  supported("Policy", "string", "When the image is pulled: always (the default), missing, never or newer", "always", {
    since: "5.6",
    parse: parsePullPolicy,
    flag: "policy",
  }),
  supported("ServiceName", "string", "Name of the service, without .service", "web-image", {
    parse: parseServiceName,
  }),
  supported("TLSVerify", "boolean", "Check the registry's certificate", "no", { flag: "tls-verify" }),
  supported("Variant", "string", "Variant of the architecture", "v7", { flag: "variant" }),
]);
