import { type Command, Option } from "commander";
import { digestHex } from "../image/digest.ts";
import type { Platform } from "../image/manifest.ts";
import { openStore } from "../image/store.ts";
import { type CommandContext, CommandError, type CommandManual } from "./command.ts";
import { showProgress } from "./image-progress.ts";
import { cancelOnSignals } from "./signals.ts";

interface Options {
  readonly policy: "always" | "missing" | "newer" | "never";
  readonly platform?: string;
  readonly arch?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly creds?: string;
  readonly authfile?: string;
  readonly tlsVerify?: string;
  readonly quiet?: boolean;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Pull images from registries, and print their IDs.",
  details: [
    "An image is pulled by tag or by digest; layers are checked and unpacked while they arrive, several at a time, and what the store has already is not fetched again. A connection that breaks is taken up where it broke; after a pull that was cut off, the layers that were complete are not fetched again.",
    "Credentials are those that podman, skopeo and docker keep (auth.json, config.json, credential helpers). Registries are asked by HTTPS, except on this machine's own loopback addresses and where berth.conf(5) allows otherwise. An image without a registry in its name is taken from docker.io.",
  ],
  examples: [
    { command: "berth pull registry.example/web:1", help: "By tag." },
    {
      command: "berth pull --policy newer registry.example/web:1",
      help: "Only if the registry has another one than the store.",
    },
  ],
};

/** `berth pull`: images from registries into the store. Prints each image's ID. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("<image...>", "name, name:tag or name@digest")
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
    .option("--tls-verify <bool>", "false: allow plain HTTP and certificates that nobody vouches for")
    .option("-q, --quiet", "show no progress")
    .action(async (images: string[], options: Options) => pull(images, options, context));
}

async function pull(images: readonly string[], options: Options, context: CommandContext): Promise<void> {
  const { enterUserNamespace } = await import("../runtime/user-namespace.ts");
  enterUserNamespace(context.scope, context.env);
  const { pullImage } = await import("../image/pull.ts");
  const { readRegistrySettings } = await import("../image/registry/settings.ts");
  const { scope, env } = context;
  const registries = readRegistrySettings({
    configDirs: scope.configDirs,
    env,
    uid: scope.uid,
    authFile: options.authfile,
    tlsVerify: tlsVerify(options.tlsVerify),
  });
  const platform = await wantedPlatform(options);
  const credentials = parseCredentials(options.creds);
  for (const image of images) {
    const { onProgress, done } = options.quiet ? { onProgress: () => {}, done: () => {} } : showProgress(context);
    try {
      const stored = await cancelOnSignals((signal) =>
        pullImage(image, {
          store: openStore(scope.stateDir),
          policy: options.policy,
          registries,
          onProgress,
          signal,
          ...(platform === undefined ? {} : { platform }),
          ...(credentials === undefined ? {} : { credentials }),
        }),
      );
      done();
      context.out(`${digestHex(stored.configDigest)}\n`);
    } finally {
      done();
    }
  }
}

async function wantedPlatform(options: Options): Promise<Platform | undefined> {
  const { parsePlatform, platformOf } = await import("../image/platform.ts");
  if (options.platform !== undefined) return parsePlatform(options.platform);
  if (options.arch === undefined && options.os === undefined && options.variant === undefined) return undefined;
  const own = platformOf(process.arch);
  const architecture = options.arch ?? own.architecture;
  const variant = options.variant ?? (options.arch === undefined ? own.variant : "");
  return { os: options.os ?? own.os, architecture, variant };
}

function parseCredentials(text: string | undefined): { username: string; password: string } | undefined {
  if (text === undefined) return undefined;
  const colon = text.indexOf(":");
  if (colon <= 0) throw new CommandError("--creds: write user:password", 125);
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function tlsVerify(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new CommandError(`--tls-verify=${value}: write true or false`, 125);
}
