import type { Scope } from "../../scope.ts";
import { type Volume, volumePaths } from "../../state/volume-record.ts";
import { isMountPoint } from "../../system/mount-table.ts";
import { deviceMount } from "./mount-device.ts";

/** A volume in podman's JSON. */
export interface DescribedVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Scope: "local";
  readonly Options: Readonly<Record<string, string>>;
  readonly UID: number;
  readonly GID: number;
  readonly MountCount: number;
  readonly NeedsCopyUp: boolean;
  readonly NeedsChown: boolean;
}

/** Describes a volume, in podman's terms. */
export function describeVolume(scope: Scope, volume: Volume): DescribedVolume {
  const { data } = volumePaths(scope, volume.name);
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: data,
    CreatedAt: volume.created,
    Labels: volume.labels,
    Scope: "local",
    Options: volume.options,
    UID: volume.uid,
    GID: volume.gid,
    MountCount: deviceMount(volume) !== undefined && isMountPoint(data) ? 1 : 0,
    NeedsCopyUp: volume.needsCopyUp,
    NeedsChown: volume.needsOwner,
  };
}
