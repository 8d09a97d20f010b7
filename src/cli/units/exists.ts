import { failedWith } from "../../error.ts";
import type { Scope } from "../../scope.ts";
import type { CommandModule } from "../program/command-table.ts";

/**
 * `berth KIND exists NAME`: answers by the exit code alone, 0 or 1, as podman does; 125 is an error. `lookUp` returns
 * whether the object exists, and throws as the other commands of that kind do.
 */
function existsCommand(
  kind: "image" | "network" | "pod" | "volume",
  lookUp: (scope: Scope, name: string) => Promise<boolean>,
): CommandModule {
  return {
    manual: {
      description: `Tell whether there is such ${kind === "image" ? "an" : "a"} ${kind}, by the exit code: 0 if there is, 1 if not.`,
      examples: [EXAMPLES[kind]],
    },
    define(command, { scope }) {
      command
        .argument(`<${kind}>`, kind === "image" || kind === "network" ? "name or ID" : "name")
        .action(async (name: string) => {
          const exists = await lookUp(scope, name).catch((error: unknown) => {
            if (failedWith(error, `no-such-${kind}`)) return false;
            throw error;
          });
          process.exitCode = exists ? 0 : 1;
        });
    },
  };
}

const EXAMPLES = {
  image: {
    command: "berth image exists registry.example/web:1 || berth pull registry.example/web:1",
    help: "Pull what is not there.",
  },
  network: { command: "berth network exists back || berth network create back", help: "Make what is not there." },
  pod: { command: "berth pod exists shop && echo it runs", help: "A pod is there as long as its service is active." },
  volume: { command: "berth volume exists data || berth volume create data", help: "Make what is not there." },
} as const;

export const imageExists = existsCommand("image", async ({ stateDir }, name) => {
  const { openStore } = await import("../../image/store/store.ts");
  return openStore(stateDir).has(name);
});

export const networkExists = existsCommand("network", async (scope, name) => {
  const { findNetwork } = await import("../../state/network-definitions.ts");
  return findNetwork(scope, name).name !== "";
});

export const podExists = existsCommand("pod", async (scope, name) => {
  const { findPod } = await import("../../state/pod-record.ts");
  const { podNameOf } = await import("../pod/pod-unit.ts");
  return findPod(scope, podNameOf(name)).name !== "";
});

export const volumeExists = existsCommand("volume", async (scope, name) => {
  const { readVolume } = await import("../../state/volume-record.ts");
  return readVolume(scope, name) !== undefined;
});
