import { later, lazyKeyTable } from "./key.ts";

/** `[Volume]`: Quadlet's keys for a volume, podman-systemd.unit(5). */
export const volumeKeys = lazyKeyTable(() => [
  later("ContainersConfModule", "lines", "Module of containers.conf to load", "/etc/container/1.conf"),
  later("Copy", "boolean", "Copy the image's content at first use", "no"),
  later("Device", "string", "Device or source of the mount", "tmpfs"),
  later("Driver", "string", "Volume driver", "local"),
  later("GID", "string", "Owner group of the mount point", "192", "6.0"),
  later("GlobalArgs", "exec-words", "Arguments for podman in front of its sub-command", "--log-level=debug"),
  later("Group", "string", "Group for the mount", "192"),
  later("Image", "string", "Image of the volume, with Driver=image", "registry.example/data:1"),
  later("Label", "map", "Labels", "org.example.stage=test"),
  later("Options", "string", "Mount options", "uid=1000"),
  later("PodmanArgs", "exec-words", "More flags for creating the volume", "--opt=copy"),
  later("ServiceName", "string", "Name of the service, without .service", "data-volume"),
  later("Type", "string", "File system type", "btrfs"),
  later("UID", "string", "Owner of the mount point", "192", "6.0"),
  later("User", "string", "User for the mount", "123"),
  later("VolumeName", "string", "Name of the volume", "data"),
]);
