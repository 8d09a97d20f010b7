import type { Scope } from "../../scope.ts";
import type { ContainerPaths } from "../../state/paths.ts";
import type { ContainerUser } from "../users/container-user.ts";
import type { MountIdMapped } from "./id-mapped-source.ts";

/** The container whose mounts are made. The caller is in a mount namespace of its own. */
export interface MountContext {
  readonly scope: Scope;
  readonly paths: ContainerPaths;
  readonly user: ContainerUser;
  readonly inUserNamespace: boolean;
  /** Layers of the images that are mounted, as directories, lowest first. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  /** Reports work under way, in case it takes long. */
  readonly status: (text: string) => void;
  /** Implements the option idmap; present if any of the mounts has it. */
  readonly mountIdMapped?: MountIdMapped | undefined;
}

/** The source with the owners that option idmap gives it. */
export function withIdMap(context: MountContext, source: string, options: readonly string[], place: string): string {
  const option = idMapOption(options);
  return option === undefined || context.mountIdMapped === undefined
    ? source
    : context.mountIdMapped(source, place, option);
}

/** The option idmap among the options of a mount. */
export function idMapOption(options: readonly string[]): string | undefined {
  return options.findLast((option) => option === "idmap" || option.startsWith("idmap="));
}
