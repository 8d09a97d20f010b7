import type { Command } from "commander";
import { openStore } from "../../image/store/store.ts";
import type { Scope } from "../../scope.ts";
import { addInspectionOptions, type InspectionOptions, inspectEach } from "../output/inspection.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { repoDigests } from "./repo-digests.ts";
import { completeId } from "./short-id.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of stored images, as JSON with podman's names.",
  examples: [
    { command: "berth image inspect registry.example/web:1", help: "By name, or by ID." },
    { command: "berth image inspect registry.example/web:1 --format '{{json .Config.Env}}'", help: "Just one part." },
  ],
};

/** `berth image inspect`. */
export function define(command: Command, context: CommandContext): void {
  addInspectionOptions(command)
    .argument("<image...>", "names or IDs")
    .action((names: string[], options: InspectionOptions) =>
      inspectEach(names, (name) => describeImage(context.scope, name), options, context),
    );
}

/** The description of an image, with podman's names of members. Throws CommandError if there is none. */
export function describeImage({ stateDir }: Scope, name: string): object {
  const store = openStore(stateDir);
  const image = store.resolve(completeId(store, name));
  if (image === undefined) throw new CommandError(`no image ${name}`, 125);
  const { reference, manifestDigest, configDigest, config, layers } = image;
  const keys = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
  return {
    Id: configDigest.replace(/^sha256:/, ""),
    Digest: manifestDigest,
    RepoTags: reference === "" ? [] : [reference],
    RepoDigests: repoDigests([reference], manifestDigest),
    Created: config.created,
    Architecture: config.architecture,
    Os: config.os,
    Size: store.transferSize(image),
    Labels: config.labels,
    Config: {
      User: config.user,
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDirectory,
      Labels: config.labels,
      Volumes: keys(config.volumes),
      ExposedPorts: keys(config.exposedPorts.map((port) => (port.includes("/") ? port : `${port}/tcp`))),
      StopSignal: config.stopSignal,
    },
    RootFS: { Type: "layers", Layers: layers },
  };
}
