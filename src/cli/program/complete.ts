import type { Command } from "commander";
import type { CommandContext } from "./command.ts";

/** `berth complete`: names for shell completion, one a line. Reads files only, and never fails. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<kind>", "containers, images, objects (both), networks, pods, services or volumes")
    .action(async (kind: string) => {
      const names = await namesOf(kind, context).catch(() => []);
      context.out([...new Set(names)].map((name) => `${name}\n`).join(""));
    });
}

async function namesOf(kind: string, context: CommandContext): Promise<string[]> {
  const { scope, env } = context;
  switch (kind) {
    case "containers": {
      const { surveyRecords } = await import("../../state/container-record.ts");
      return surveyRecords(scope).records.map(({ name }) => name);
    }
    case "images": {
      const { openStore } = await import("../../image/store/store.ts");
      return openStore(scope.stateDir)
        .list()
        .map(({ reference }) => reference)
        .filter((reference) => reference !== "");
    }
    case "objects":
      return [...(await namesOf("containers", context)), ...(await namesOf("images", context))];
    case "networks": {
      const { surveyDefinitions } = await import("../../state/network-definitions.ts");
      return surveyDefinitions(scope).records.map(({ name }) => name);
    }
    case "pods": {
      const { listPodNames } = await import("../../state/pod-record.ts");
      return listPodNames(scope);
    }
    case "volumes": {
      const { surveyVolumes } = await import("../../state/volume-record.ts");
      return surveyVolumes(scope).records.map(({ name }) => name);
    }
    case "services": {
      const { findSources, searchDirectories } = await import("../../generator/reading/search.ts");
      const { directories } = searchDirectories({ scope: scope.kind, uid: scope.uid, env });
      return findSources(directories)
        .map(({ name }) => name)
        .filter((name) => name.endsWith(".container"))
        .map((name) => name.replace(/\.container$/, ""));
    }
    default:
      return [];
  }
}
