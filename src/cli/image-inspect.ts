import type { Command } from "commander";
import { openStore, type StoredImage } from "../image/store.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { formatInspection, inspectionOption } from "./output-format.ts";

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Show what is known of stored images, as JSON with podman's names.",
  examples: [{ command: "berth image inspect registry.example/web:1", help: "By name, or by ID." }],
};

/** `berth image inspect`: what is known of images, as JSON with podman's names. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<image...>", "name or ID")
    .addOption(inspectionOption())
    .action((names: string[], { format }: { format: string }) => {
      const store = openStore(context.scope.stateDir);
      const images = names.map((name) => {
        const image = store.resolve(name);
        if (image === undefined) throw new CommandError(`no image ${name}`, 125);
        return describeImage(image);
      });
      context.out(formatInspection(images, format));
    });
}

/** What is known of an image, in podman's names. */
export function describeImage({ reference, manifestDigest, configDigest, config, layers }: StoredImage): object {
  return {
    Id: configDigest.replace(/^sha256:/, ""),
    Digest: manifestDigest,
    RepoTags: reference === "" ? [] : [reference],
    Created: config.created,
    Architecture: config.architecture,
    Os: config.os,
    Config: {
      User: config.user,
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDirectory,
      Labels: config.labels,
      Volumes: config.volumes,
      ExposedPorts: config.exposedPorts,
      StopSignal: config.stopSignal,
    },
    RootFS: { Type: "layers", Layers: layers },
  };
}
