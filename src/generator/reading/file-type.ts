import { joinName, splitName } from "../../unit/unit-name.ts";
import { artifactKeys } from "../keys/artifact.ts";
import { buildKeys } from "../keys/build.ts";
import { CONTAINER_KEYS } from "../keys/container.ts";
import { imageKeys } from "../keys/image.ts";
import type { KeyTable } from "../keys/key.ts";
import { kubeKeys } from "../keys/kube.ts";
import { networkKeys } from "../keys/network.ts";
import { podKeys } from "../keys/pod.ts";
import { volumeKeys } from "../keys/volume.ts";

/** One kind of Quadlet file. */
export interface FileType {
  /** The extension of the files, without the dot; also in words: `.container files`. */
  readonly extension: string;
  /** The type's own section. */
  readonly section: string;
  /** A function, as most types' tables are never needed. */
  readonly keys: () => KeyTable;
  /** The suffix of the service's name: `data.volume` makes `data-volume.service`. */
  readonly serviceSuffix: string;
  readonly status: "supported" | "not supported yet";
}

/** Every type of file that Quadlet has; those that berth does not support are known too, and refused. */
export const FILE_TYPES: readonly FileType[] = [
  {
    extension: "artifact",
    section: "Artifact",
    keys: artifactKeys,
    serviceSuffix: "-artifact",
    status: "not supported yet",
  },
  { extension: "build", section: "Build", keys: buildKeys, serviceSuffix: "-build", status: "not supported yet" },
  { extension: "container", section: "Container", keys: () => CONTAINER_KEYS, serviceSuffix: "", status: "supported" },
  { extension: "image", section: "Image", keys: imageKeys, serviceSuffix: "-image", status: "supported" },
  { extension: "kube", section: "Kube", keys: kubeKeys, serviceSuffix: "", status: "not supported yet" },
  {
    extension: "network",
    section: "Network",
    keys: networkKeys,
    serviceSuffix: "-network",
    status: "supported",
  },
  { extension: "pod", section: "Pod", keys: podKeys, serviceSuffix: "-pod", status: "supported" },
  { extension: "volume", section: "Volume", keys: volumeKeys, serviceSuffix: "-volume", status: "supported" },
];

const BY_EXTENSION: ReadonlyMap<string, FileType> = new Map(FILE_TYPES.map((type) => [type.extension, type]));

/** The type of a file by its name, undefined if it is not Quadlet's. */
export function fileTypeOf(name: string): FileType | undefined {
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || name.startsWith(".")) return undefined;
  return BY_EXTENSION.get(name.slice(dot + 1));
}

/**
 * The service's name without `.service`, where no ServiceName= is given: `app`, `data-volume`. A template's suffix
 * comes before its `@`, that of an instance's file at the end, as with Quadlet.
 */
export function defaultServiceName(fileName: string, type: FileType): string {
  const { prefix, instance } = splitName(fileName);
  if (instance === undefined || instance !== "") {
    return (
      joinName({ prefix, ...(instance === undefined ? {} : { instance: instance + type.serviceSuffix }), suffix: "" }) +
      (instance === undefined ? type.serviceSuffix : "")
    );
  }
  return joinName({ prefix: prefix + type.serviceSuffix, instance: "", suffix: "" });
}
