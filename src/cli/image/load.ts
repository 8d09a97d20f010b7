import { resolve } from "node:path";
import type { Command } from "commander";
import { openStore } from "../../image/store/store.ts";
import type { LoadSource } from "../../image/transport/staged-files.ts";
import { showProgress } from "../output/image-progress.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { cancelOnSignals } from "../program/signals.ts";

interface Options {
  readonly input?: string;
  readonly platform?: string;
  readonly quiet?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Load images from an oci-archive, a docker-archive, or a folder that skopeo wrote for `oci:` or `dir:`.",
  examples: [
    { command: "berth load -i app.tar", help: "From a file." },
    { command: "podman save localhost/app:1 | berth load", help: "From another engine." },
  ],
};

/** `berth load`: images from an archive or an OCI layout into the store. */
export function define(command: Command, context: CommandContext): void {
  command
    .option("-i, --input <path>", "file or folder; default: an archive on standard input")
    .option("--platform <os/arch[/variant]>", "another platform than this machine's")
    .option("-q, --quiet", "show no progress")
    .action(async (options: Options) => load(options, context));
}

async function load(options: Options, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const source = sourceOf(options, context);
  if (source === undefined) throw new CommandError("no archive: give one with --input, or on standard input", 125);
  const { loadImages } = await import("../../image/transport/load.ts");
  const { sweepWork } = await import("../../image/store/work.ts");
  const { readTrust } = await import("../../image/trust/administrator.ts");
  const { parsePlatform } = await import("../../image/document/platform.ts");
  const { onProgress, done } = showProgress(context, options.quiet === true);
  try {
    const store = openStore(context.scope.stateDir);
    sweepWork(store.stateDir, store.paths);
    const images = await cancelOnSignals((signal) =>
      loadImages(source, {
        store,
        onProgress,
        signal,
        trust: readTrust({ env: context.env, uid: context.scope.uid }),
        ...(options.platform === undefined ? {} : { platform: parsePlatform(options.platform) }),
      }),
    );
    done();
    for (const image of images) context.out(`Loaded image: ${image.reference || image.configDigest}\n`);
  } finally {
    done();
  }
}

/** The archive or folder to load; undefined if there is neither a path nor a stream. */
function sourceOf({ input }: Options, context: CommandContext): LoadSource | undefined {
  if (input !== undefined) return { path: resolve(context.cwd, input) };
  const stream = context.input();
  return stream === undefined ? undefined : { stream };
}
