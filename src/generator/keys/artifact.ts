import { later, lazyKeyTable, podmanOnly } from "./key.ts";

/** `[Artifact]`: Quadlet's keys for an OCI artifact to pull, podman-systemd.unit(5). */
export const artifactKeys = lazyKeyTable(() => [
  later("Artifact", "string", "Artifact to pull", "registry.example/model:1", "5.7"),
  later("AuthFile", "string", "File with credentials", "/etc/registry/auth.json", "5.7"),
  later("CertDir", "string", "Folder with certificates", "/etc/registry/certs", "5.7"),
  ...podmanOnly(),
  later("Creds", "string", "User and password", "user:password", "5.7"),
  later("DecryptionKey", "string", "Key, and passphrase", "/etc/registry.key", "5.7"),
  later("PodmanArgs", "exec-words", "More flags for the pull", "--quiet", "5.7"),
  later("Quiet", "boolean", "No progress output", "yes", "5.7"),
  later("Retry", "string", "How often a failed pull is tried again", "5", "5.7"),
  later("RetryDelay", "string", "Time between tries", "10s", "5.7"),
  later("ServiceName", "string", "Name of the service, without .service", "model-artifact", "5.7"),
  later("TLSVerify", "boolean", "Check the registry's certificate", "no", "5.7"),
]);
