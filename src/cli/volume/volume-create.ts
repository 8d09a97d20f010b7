import { type Command, InvalidArgumentError } from "commander";
import { valueIn } from "../../options/values/check.ts";
import { parseOwnerId } from "../../options/values/name.ts";
import { setPlainUmask } from "../../system/files.ts";
import { type CommandContext, CommandError, type CommandManual } from "../program/command.ts";
import { entriesOf, repeatable } from "../program/repeatable-option.ts";

interface Options {
  readonly driver: string;
  readonly gid?: number;
  readonly ignore?: boolean;
  readonly label: readonly string[];
  readonly opt: readonly string[];
  readonly uid?: number;
}

/** Help and manual page. */
export const manual: CommandManual = {
  description: "Make a volume.",
  details: [
    "A volume of the driver `local` is a folder in berth's state directory. With `--opt type=`, `--opt device=` and `--opt o=` it is a file system of its own, as mount(8) takes it: each container that uses the volume mounts it in its own mount namespace, and nothing is mounted on the host. A tmpfs goes with the last of root's containers that share it; a user's share it within a pod only.",
    "A volume of the driver `image` gets a copy of everything in an image (`--opt image=`), made here; the image can be removed then.",
    "Without a name, 64 hexadecimal digits are made up and printed.",
  ],
  examples: [
    { command: "berth volume create data", help: "A folder for data, filled from the image of the first container." },
    {
      command: "berth volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=64m,uid=1000 scratch",
      help: "Memory.",
    },
  ],
};

/** `berth volume create`, which services of `.volume` files call, too. */
export function define(command: Command, context: CommandContext): void {
  command
    .argument("[new-name]", "letters, digits, _ . and -")
    .option("-d, --driver <driver>", "local or image", "local")
    .option("--gid <gid>", "group of the volume's root", parseId)
    .option("--ignore", "leave a volume of that name as it is, and do not fail")
    .addOption(repeatable("-l, --label <key=value>", "label"))
    .addOption(repeatable("-o, --opt <key=value>", "type, device, o, copy, nocopy or image"))
    .option("--uid <uid>", "owner of the volume's root", parseId)
    .action(async (name: string | undefined, options: Options) => create(name, options, context));
}

function parseId(text: string): number {
  const id = valueIn(parseOwnerId(text));
  if (id === undefined) throw new InvalidArgumentError("a number is expected");
  return id;
}

async function create(name: string | undefined, options: Options, context: CommandContext): Promise<void> {
  const { scope } = context;
  if (name !== undefined) {
    const { refuseUnexpanded } = await import("../../options/flags/flag-reader.ts");
    refuseUnexpanded("volume", name);
  }
  const { enterUserNamespace } = await import("../../runtime/user-namespace/enter.ts");
  const { toVolume } = await import("../../runtime/volume/volume-request.ts");
  const { readVolume } = await import("../../state/volume-record.ts");
  const { createVolume } = await import("../../runtime/volume/create.ts");
  const given = name ?? Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  if (context.env.INVOCATION_ID !== undefined) {
    const { noteResourceService } = await import("../../runtime/systemd/resource-service.ts");
    noteResourceService(scope, "volume", given, context.env.INVOCATION_ID);
  }
  if (options.ignore && readVolume(scope, given) !== undefined) return context.out(`${given}\n`);
  const volume = toVolume({
    name: given,
    driver: options.driver,
    options: options.opt,
    labels: entriesOf(options.label),
    uid: options.uid,
    gid: options.gid,
  });
  enterUserNamespace(context);
  setPlainUmask();
  const { image } = volume.options;
  const fill = volume.driver === "image" && image !== undefined ? await imageFiller(image, context) : undefined;
  if (!createVolume(scope, volume, fill) && !options.ignore)
    throw new CommandError(`volume ${given} exists already`, 125);
  context.out(`${given}\n`);
}

/** Copies an image into a volume, in a mount namespace that the host does not see. */
async function imageFiller(image: string, { scope }: CommandContext): Promise<(data: string) => void> {
  const { leaveHostMounts } = await import("../../runtime/mount/rootfs.ts");
  const { copyImage } = await import("../../runtime/volume/image-content.ts");
  const { openStore } = await import("../../image/store/store.ts");
  const { unpackedImage } = await import("../../image/store/unpacked.ts");
  // Before the volume's folder is made: it takes long. Whether there is such an image is asked once it is made.
  await unpackedImage(openStore(scope.stateDir), image);
  if (scope.kind === "system") leaveHostMounts();
  return (data) => copyImage(scope, image, data, scope.kind === "user");
}
