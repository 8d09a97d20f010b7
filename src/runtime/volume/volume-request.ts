import { existsSync } from "node:fs";
import { VOLUME_DRIVERS } from "../../options/values/volume.ts";
import { isVolumeName, newVolume, type Volume } from "../../state/volume-record.ts";
import { RuntimeError } from "../error.ts";
import { isBind } from "./mount-device.ts";

/** The flags and arguments of `berth volume create`. */
export interface VolumeRequest {
  readonly name: string;
  readonly driver: string;
  /** `KEY=VALUE` or `KEY`, in order; a later one of the same key wins. */
  readonly options: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** The keys that podman knows, by driver. */
const KNOWN: Readonly<Record<Volume["driver"], readonly string[]>> = {
  local: ["type", "device", "o", "copy", "nocopy"],
  image: ["image"],
};

/**
 * The volume that a request asks for. Pure but for one look: a folder to bind has to exist. Throws "bad-request" for
 * what podman refuses, and for what would only fail when a container uses the volume.
 */
export function toVolume(request: VolumeRequest, created?: string): Volume {
  const { name } = request;
  if (!isVolumeName(name)) throw bad(`"${name}" is not the name of a volume: letters, digits, _ . and -`);
  const driver = VOLUME_DRIVERS.find((known) => known === (request.driver || "local"));
  if (driver === undefined)
    throw bad(`volume driver ${request.driver} is not supported: ${VOLUME_DRIVERS.join(" or ")}`);
  const asked = parseOptions(driver, request.options);
  const { words, ...inOptions } = splitMountOptions(asked.o ?? "");
  const options = asked.o === undefined ? asked : { ...asked, o: words.join(",") };
  if (driver === "image" && !options.image) throw bad("driver image needs an image (--opt image=NAME)");
  if (driver === "local") checkMountOptions(options, words);
  const uid = request.uid ?? inOptions.uid;
  const gid = request.gid ?? inOptions.gid;
  return {
    ...newVolume(name, created),
    driver,
    options,
    labels: request.labels,
    uid: uid ?? 0,
    gid: gid ?? 0,
    needsCopyUp: driver === "local",
    // An owner that was asked for must still be the owner after the first start; a folder of the host keeps its own.
    needsOwner: driver === "local" && !bindsFolder(options, words) && uid === undefined && gid === undefined,
  };
}

function parseOptions(driver: Volume["driver"], texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = texts.map((text) => {
    const [, key = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
    if (KNOWN[driver].includes(key)) return [key, value] as const;
    throw bad(`"${key}" is not an option of a volume with driver ${driver} (${KNOWN[driver].join(", ")})`);
  });
  return Object.fromEntries(pairs);
}

/** The words of `o=`, and the owner among them, who is the owner of the volume's root as well. */
function splitMountOptions(text: string): { words: string[]; uid: number | undefined; gid: number | undefined } {
  const words = text.split(",").filter((word) => word !== "");
  const id = (name: string): number | undefined => {
    const word = words.findLast((candidate) => candidate.startsWith(`${name}=`));
    if (word === undefined) return undefined;
    const value = word.slice(name.length + 1);
    if (!/^\d{1,10}$/.test(value)) throw bad(`o=${word}: "${value}" is not a number`);
    return Number(value);
  };
  return { words, uid: id("uid"), gid: id("gid") };
}

function checkMountOptions(options: Readonly<Record<string, string>>, words: readonly string[]): void {
  const { type = "", device = "" } = options;
  if (bindsFolder(options, words)) {
    if (!device.startsWith("/")) throw bad(`a bind mount needs the path of a folder as its device, not "${device}"`);
    if (!existsSync(device)) throw bad(`device ${device} does not exist on the host`);
  }
  if (type !== "" || device !== "") return;
  const rest = words.filter((word) => !/^(uid|gid)=/.test(word) && word !== "noquota");
  if (rest.some((word) => /^(size|inodes)=/.test(word)))
    throw bad(`o=${rest.join(",")}: quotas are not supported yet (a tmpfs has a size: type=tmpfs)`);
  if (rest.length > 0) throw bad(`o=${rest.join(",")}: mount options need a type or a device`);
}

function bindsFolder({ type }: Readonly<Record<string, string>>, words: readonly string[]): boolean {
  return type === "bind" || isBind(words);
}

function bad(message: string): RuntimeError {
  return new RuntimeError("bad-request", message);
}
