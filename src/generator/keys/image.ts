import { later, lazyKeyTable } from "./key.ts";

/** `[Image]`: Quadlet's keys for an image to pull, podman-systemd.unit(5). */
export const imageKeys = lazyKeyTable(() => [
  later("AllTags", "boolean", "Pull every tag", "yes"),
  later("Arch", "string", "Architecture", "arm64"),
  later("AuthFile", "string", "File with credentials", "/etc/registry/auth.json"),
  later("CertDir", "string", "Folder with certificates", "/etc/registry/certs"),
  later("ContainersConfModule", "lines", "Module of containers.conf to load", "/etc/container/1.conf"),
  later("Creds", "string", "User and password", "user:password"),
  later("DecryptionKey", "string", "Key, and passphrase", "/etc/registry.key"),
  later("GlobalArgs", "exec-words", "Arguments for podman in front of its sub-command", "--log-level=debug"),
  later("Image", "string", "Image to pull", "registry.example/web:1"),
  later("ImageTag", "string", "Name that others refer to instead of Image=", "registry.example/web:1"),
  later("OS", "string", "Operating system", "linux"),
  later("PodmanArgs", "exec-words", "More flags for the pull", "--os=linux"),
  later("Policy", "string", "When the image is pulled", "always", "5.6"),
  later("Retry", "string", "How often a failed pull is tried again", "5", "5.5"),
  later("RetryDelay", "string", "Time between tries", "10s", "5.5"),
  later("ServiceName", "string", "Name of the service, without .service", "web-image"),
  later("TLSVerify", "boolean", "Check the registry's certificate", "no"),
  later("Variant", "string", "Variant of the architecture", "v7"),
]);
