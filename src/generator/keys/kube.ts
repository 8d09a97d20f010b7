import { later, lazyKeyTable, podmanOnly } from "./key.ts";

/** `[Kube]`: Quadlet's keys for a Kubernetes YAML file, podman-systemd.unit(5). */
export const kubeKeys = lazyKeyTable(() => [
  later("AutoUpdate", "words", "Where newer images are looked for", "registry"),
  later("ConfigMap", "words", "ConfigMap files", "/etc/web/config.yml"),
  ...podmanOnly(),
  later("ExitCodePropagation", "string", "How containers' failures become the service's: all, any or none", "any"),
  later("KubeDownForce", "boolean", "Remove volumes at stop as well", "yes"),
  later("LogDriver", "string", "Where output goes", "journald"),
  later("LogOpt", "words", "Option of the log driver", "tag=web"),
  later("Network", "lines", "Network mode or network", "host"),
  later("PodmanArgs", "exec-words", "More flags for kube play", "--annotation=team=web"),
  later("PublishPort", "lines", "Port published on the host", "8080:80"),
  later("RemapGid", "words", "Group ids for RemapUsers=", "210"),
  later("RemapUid", "words", "User ids for RemapUsers=", "200"),
  later("RemapUidSize", "string", "Size of the user namespace for RemapUsers=auto", "6000"),
  later("RemapUsers", "string", "User namespace: auto or keep-id", "auto"),
  later("ServiceName", "string", "Name of the service, without .service", "shop"),
  later("SetWorkingDirectory", "string", "Working directory: yaml or unit", "yaml"),
  later("UserNS", "string", "User namespace", "keep-id"),
  later("Yaml", "words", "The YAML files", "/etc/web/web.yml"),
]);
