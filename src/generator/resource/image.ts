import type { Flag } from "../../options/flags/flag.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ResourceContext } from "../making/context.ts";
import { addFlags } from "../making/key-flags.ts";
import { reportNoImage } from "../making/missing-image.ts";
import { addPodmanArgs } from "../making/podman-args.ts";
import type { ServiceLines } from "../making/service-lines.ts";
import { warnOfShortName } from "../making/short-name.ts";

/** Flags of `berth image pull` without a key of `[Image]`. */
const FLAGS_WITHOUT_KEY: readonly Flag[] = [
  { name: "platform", kind: "string", help: "Another platform than this machine's" },
  { name: "quiet", short: "q", kind: "boolean", help: "Show no progress" },
];

/** The service of an `.image` file: `berth image pull`. */
export function imageService({ keys, options, parsed, report }: ResourceContext): ServiceLines {
  const line = new CommandLine().literal(options.berth).plain("image pull");
  addFlags(
    line,
    keys,
    "Arch",
    "AuthFile",
    "CertDir",
    "Creds",
    "DecryptionKey",
    "OS",
    "Variant",
    "Policy",
    "Retry",
    "RetryDelay",
  );
  addFlags(line, keys, "AllTags", "TLSVerify");
  addPodmanArgs(line, keys, parsed.type.keys(), report, FLAGS_WITHOUT_KEY);
  keys.string("ImageTag");
  const image = keys.string("Image");
  if (image === undefined) {
    if (!keys.has("Image")) reportNoImage(parsed, "no Image key specified", report);
  } else {
    warnOfShortName(image, report);
    line.expanded(image.text);
  }
  // A long pull notifies systemd of its progress, and asks for more time.
  return {
    unit: [],
    service: [
      ["NotifyAccess", "all"],
      ["ExecStart", line.toString()],
    ],
  };
}
