import { isDeferred, valueIn } from "../../options/values/check.ts";
import { parseNumericId } from "../../options/values/name.ts";
import { quotePath } from "../../unit/quoting.ts";
import type { Directive } from "../../unit/unit-draft.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ResourceContext } from "../making/context.ts";
import { addFlags } from "../making/key-flags.ts";
import { addPodmanArgs } from "../making/podman-args.ts";
import type { ServiceLines } from "../making/service-lines.ts";
import { warnOfShortName } from "../making/short-name.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { Report, Value } from "../reading/report.ts";
import { ownName } from "../reading/resource-name.ts";

/** The service of a `.volume` file: `berth volume create`. */
export function volumeService(context: ResourceContext): ServiceLines {
  const { keys, options, parsed, report } = context;
  const line = new CommandLine().literal(options.berth).plain("volume create --ignore");
  const unit: Directive[] = [];
  keys.string("VolumeName");
  addFlags(line, keys, "UID", "GID");
  const driver = keys.string("Driver");
  if (driver !== undefined) line.plain("--driver").expanded(driver.text);
  if (driver?.text === "image") addImage(line, driver, context);
  else addMount(line, driver, context, unit);
  addFlags(line, keys, "Label");
  addPodmanArgs(line, keys, parsed.type.keys(), report);
  line.expanded(ownName(parsed));
  return { unit, service: [["ExecStart", line.toString()]] };
}

function addImage(line: CommandLine, driver: Value, { keys, references, report }: ResourceContext): void {
  const image = keys.string("Image", references.image);
  if (!keys.has("Image")) {
    const message = "the key Image is mandatory when using the image driver";
    report.value(driver, { code: "no-image", message });
  }
  for (const key of ["User", "Group", "Copy", "Device", "Type", "Options"]) {
    if (!keys.has(key)) continue;
    report.value(driver, { code: "overridden", message: `${key}= has no effect with the image driver` }, "warning");
  }
  if (image === undefined) return;
  if (image.target === undefined) warnOfShortName(image, report);
  line.plain("--opt").expanded(`image=${image.text}`);
}

function addMount(
  line: CommandLine,
  driver: Value | undefined,
  { keys, report }: ResourceContext,
  unit: Directive[],
): void {
  const copy = keys.boolean("Copy");
  if (copy !== undefined) line.plain(copy ? "--opt copy" : "--opt nocopy");
  addFlags(line, keys, "Device", "Type");
  const image = keys.string("Image");
  // A driver with an error may have been meant for the image.
  if (image !== undefined && (driver !== undefined || !keys.has("Driver"))) {
    report.value(image, { code: "overridden", message: "an image is used with Driver=image alone" }, "warning");
  }
  const type = keys.string("Type");
  const device = keys.string("Device");
  if (type !== undefined && !keys.has("Device")) {
    report.value(type, { code: "type-without-device", message: "key Type can't be used without Device" });
  }
  if (type?.text === "bind" && device !== undefined && !device.text.includes("$")) {
    const path = device.text.startsWith("/") ? quotePath(device.text, { expand: "expanded" }) : undefined;
    if (path !== undefined) unit.push(["RequiresMountsFor", path]);
  }
  addMountOptions(line, device, keys, report);
}

function addMountOptions(line: CommandLine, device: Value | undefined, keys: KeyReader, report: Report): void {
  const given = keys.string("Options");
  const words = given === undefined || device !== undefined ? [] : given.text.split(",").map((word) => word.trim());
  if (given !== undefined && words.some((word) => word !== "" && !isDeferred(word) && !/^(uid|gid)=/.test(word))) {
    const message = "mount options have nothing to mount without Device=";
    report.value(given, { code: "options-without-device", message, hint: "write Device= and Type=" });
  }
  const owner = [...idOption("User", "uid", keys), ...idOption("Group", "gid", keys)];
  const mountOptions = [...owner, ...(given === undefined ? [] : [given.text])];
  if (mountOptions.length > 0) line.plain("--opt").expanded(`o=${mountOptions.join(",")}`);
}

function idOption(key: string, name: string, keys: KeyReader): string[] {
  const value = keys.string(key);
  const id = value === undefined ? undefined : valueIn(parseNumericId(value.text));
  return id === undefined ? [] : [`${name}=${id}`];
}
