import { parseNumericId, parseOwnerId, parseServiceName, parseVolumeName } from "../../options/values/name.ts";
import { parseVolumeDriver } from "../../options/values/volume.ts";
import { lazyKeyTable, podmanOnly, supported } from "./key.ts";

/** `[Volume]`: Quadlet's keys for a volume, podman-systemd.unit(5). */
export const volumeKeys = lazyKeyTable(() => [
  ...podmanOnly(),
  supported("Copy", "boolean", "Copy the image's content at first use", "no", { flag: "opt" }),
  supported("Device", "string", "Device or source of the mount", "tmpfs", { flag: "opt", prefix: "device=" }),
  supported("Driver", "string", "Volume driver: local (the default) or image", "local", {
    parse: parseVolumeDriver,
    flag: "driver",
  }),
  supported("GID", "string", "Owner group of the mount point", "192", {
    since: "6.0",
    parse: parseOwnerId,
    flag: "gid",
  }),
  supported("Group", "string", "Group for the mount, as a number", "192", { parse: parseNumericId, flag: "opt" }),
  supported("Image", "string", "Image of the volume, with Driver=image", "registry.example/data:1", {
    flag: "opt",
    prefix: "image=",
  }),
  supported("Label", "map", "Labels", "org.example.stage=test", { flag: "label" }),
  supported("Options", "string", "Mount options", "uid=1000", { flag: "opt" }),
  supported("PodmanArgs", "exec-words", "More flags for creating the volume", "--opt=copy"),
  supported("ServiceName", "string", "Name of the service, without .service", "data-volume", {
    parse: parseServiceName,
  }),
  supported("Type", "string", "File system type; needs Device=", "btrfs", { flag: "opt", prefix: "type=" }),
  supported("UID", "string", "Owner of the mount point", "192", {
    since: "6.0",
    parse: parseOwnerId,
    flag: "uid",
  }),
  supported("User", "string", "User for the mount, as a number", "123", { parse: parseNumericId, flag: "opt" }),
  supported("VolumeName", "string", "Name of the volume (default systemd-NAME)", "data", { parse: parseVolumeName }),
]);
