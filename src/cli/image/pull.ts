import { type Command, InvalidArgumentError, Option } from "commander";
import { digestHex } from "../../image/document/digest.ts";
import { openStore, type StoredImage } from "../../image/store/store.ts";
import type { PullWords } from "../../options/requests/run-request.ts";
import { problemOf, type ValueParser } from "../../options/values/check.ts";
import { parseDuration } from "../../options/values/duration.ts";
import { type PullPolicy, parseRetry } from "../../options/values/pull.ts";
import { showProgress } from "../output/image-progress.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { describeFailure } from "../program/failure.ts";
import { repeatable } from "../program/repeatable-option.ts";
import { cancelOnSignals, SIGNAL_EXIT_CODE } from "../program/signals.ts";
import type { StatusReceiver } from "./pull-status.ts";

interface Options extends PullWords {
  readonly policy: PullPolicy;
  readonly allTags?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Pull images, and print their IDs.",
  details: [
    "An image is pulled by tag or by digest; layers are checked and unpacked while they arrive, several at a time, and what the store has already is not fetched again. A connection that breaks is taken up where it broke; after a pull that was cut off, the layers that were complete are not fetched again.",
    "A name may also be `docker-archive:PATH[:NAME]`, `oci-archive:PATH[:NAME]`, `oci:PATH[:NAME]` or `dir:PATH`: an image in an archive or a folder of this machine. Names in it are kept; of several images one is chosen by its name, or by `@` and its place from 0.",
    "`newer` asks the registry and pulls when the digest there is another one; when the registry cannot be asked, the image in the store is used. `missing` pulls what the store does not have, `never` is an error then.",
    "Credentials are those that podman, skopeo and docker keep (auth.json, config.json, credential helpers). Registries are asked by HTTPS, except on this machine's own loopback addresses and where berth.conf(5) allows otherwise. An image without a registry in its name is taken from docker.io.",
    "An encrypted image (as by `skopeo copy --encryption-key jwe:PUBLIC-KEY`) is decrypted with the private key of `--decryption-key`, a file in PEM, DER or JWK form. A passphrase follows it as `file=PATH`, `fd=NUMBER`, `pass=TEXT` or as it is. Keys wrapped by PGP, PKCS #7, PKCS #11 or key providers are refused.",
    "On a terminal there is a bar for each layer. In a service with NotifyAccess= the bytes that have arrived are told as the unit's status, and its start time-out is extended as long as more of them arrive.",
  ],
  examples: [
    { command: "berth pull registry.example/web:1", help: "By tag." },
    {
      command: "berth pull --policy newer registry.example/web:1",
      help: "Only if the registry has another one than the store.",
    },
    { command: "berth pull docker-archive:web.tar", help: "Out of an archive." },
  ],
};

/** `berth pull`: images from registries and archives into the store. Prints each image's ID. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<image...>", "name, name:tag or name@digest, or TRANSPORT:PATH")
    .option("-a, --all-tags", "every tag of the image")
    .addOption(
      new Option("--policy <policy>", "when to ask the registry")
        .choices(["always", "missing", "newer", "never"])
        .default("always"),
    )
    .option("--platform <os/arch[/variant]>", "another platform than this machine's")
    .option("--arch <arch>", "another architecture")
    .option("--os <os>", "another operating system")
    .option("--variant <variant>", "another variant of the architecture")
    .option("--creds <user:password>", "credentials, instead of those in the authentication files")
    .option("--authfile <path>", "authentication file to use")
    .option("--cert-dir <dir>", "folder with certificates for the registry, instead of the usual ones")
    .option("--tls-verify", "check certificates, also where that is not usual")
    .option("--no-tls-verify", "allow plain HTTP and certificates that nobody vouches for (--tls-verify=false)")
    .option("--retry <count>", "how often a failed transfer is tried again", parsedBy(parseRetry))
    .option("--retry-delay <duration>", "wait between tries: 5s, 1m30s; else more every time", parsedBy(parseDuration))
    .addOption(repeatable("--decryption-key <key[:passphrase]>", "private key for encrypted images"))
    .option("-q, --quiet", "show no progress")
    .action(async (images: string[], options: Options) => pull(images, options, context));
}

function parsedBy<T>(parse: ValueParser<T>): (text: string) => T {
  return (text) => {
    const parsed = parse(text);
    if ("value" in parsed) return parsed.value;
    const problem = problemOf(parsed);
    throw new InvalidArgumentError(problem?.hint ?? problem?.message ?? "only systemd expands that, in a unit");
  };
}

async function pull(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  enterUserNamespace(context);
  const { createNotifier } = await import("../../runtime/systemd/notify.ts");
  const notifier = createNotifier(context.env.NOTIFY_SOCKET);
  const failed: unknown[] = [];
  for (const name of images) {
    try {
      for (const { configDigest } of await pullOne(name, options, context, notifier))
        context.out(`${digestHex(configDigest)}\n`);
    } catch (error) {
      if (error instanceof CommandError && error.exitCode > SIGNAL_EXIT_CODE) throw error;
      // Pull the images after it all the same.
      failed.push(error);
    }
  }
  notifier.status("");
  if (failed.length === 1) throw failed[0];
  if (failed.length > 1) throw new CommandError(failed.map(describeFailure).join("; "), 125);
}

/** Pulls what one name means, several images only with `--all-tags`, and shows the progress. */
async function pullOne(
  name: string,
  options: Options,
  context: CommandContext,
  receiver: StatusReceiver,
): Promise<StoredImage[]> {
  const { toPullOptions } = await import("./pull-options.ts");
  const { pullStatus } = await import("./pull-status.ts");
  const { ensureImage } = await import("../../image/transport/ensure-image.ts");
  const { parsePullSource } = await import("../../image/transport/pull-source.ts");
  const { sweepWork } = await import("../../image/store/work.ts");
  const shown = showProgress(context, options.quiet === true);
  try {
    const onProgress = pullStatus(name, receiver, shown.onProgress);
    const source = parsePullSource(name);
    const store = openStore(context.scope.stateDir);
    // It may take long, which a service's start should not, and ends with a first signal.
    if (context.env.NOTIFY_SOCKET === undefined) sweepWork(store.stateDir, store.paths);
    return await cancelOnSignals(async (signal) => {
      const pulling = { ...toPullOptions(options, context), onProgress, signal };
      const { policy } = options;
      const how = { store, policy, platform: pulling.platform, cwd: context.cwd, pulling: async () => pulling };
      if (!options.allTags) return [await ensureImage(name, how)];
      if (source.kind !== "registry")
        throw new CommandError(`--all-tags: ${source.form}: has no tags to be pulled`, 125);
      const { pullAllTags } = await import("../../image/transport/pull-all-tags.ts");
      return pullAllTags(name, how);
    });
  } finally {
    shown.done();
  }
}
