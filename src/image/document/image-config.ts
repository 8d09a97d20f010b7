import {
  isJsonObject,
  type JsonObject,
  objectKeys,
  optionalString,
  parseJsonObject,
  type Refuse,
  stringArray,
  stringMap,
} from "../../json.ts";
import { ImageError } from "../error.ts";
import { type DiffId, parseDiffId } from "./digest.ts";

/**
 * How an image is to be run: the OCI image configuration (image-spec, config.md) or Docker's, which has the same
 * members, parsed and with the defaults filled in. Absent lists are empty.
 */
export interface ImageConfig {
  /** GOOS: `linux`. */
  readonly os: string;
  /** GOARCH: `amd64`. */
  readonly architecture: string;
  /** CPU variant, `v8`; empty when there is none. */
  readonly variant: string;
  /** RFC 3339 time, as written; empty when unknown. */
  readonly created: string;
  /** `user`, `uid`, `user:group`, `uid:gid`, …; empty means root. */
  readonly user: string;
  /** `NAME=value` items, in order. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Empty means `/`. */
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absolute paths that are to be volumes. */
  readonly volumes: readonly string[];
  /** `80/tcp`, `53/udp`, `8080`. */
  readonly exposedPorts: readonly string[];
  /** `SIGTERM`, `15`; empty when the image does not say. */
  readonly stopSignal: string;
  /** The uncompressed layers, lowest first. */
  readonly diffIds: readonly DiffId[];
  /** The whole document, with the members that berth does not use (history, health check, unknown ones). */
  readonly json: JsonObject;
}

/** Overlay takes 500 lower directories, and Docker stops at 127 layers. */
const LAYERS_MAX = 500;

/** Reads a configuration blob. Throws ImageError `bad-config`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const refuse = (why: string): never => {
    throw new ImageError("bad-config", `image configuration: ${why}`);
  };
  const json = parseJsonObject(bytes, refuse);
  const run = json.config ?? {};
  if (!isJsonObject(run)) return refuse("config is not an object");
  const rootfs = json.rootfs;
  if (!isJsonObject(rootfs) || rootfs.type !== "layers") return refuse('rootfs.type is not "layers"');
  const diffIds = stringArray(rootfs, "diff_ids", refuse);
  if (diffIds.length > LAYERS_MAX) return refuse(`${diffIds.length} layers, more than ${LAYERS_MAX}`);
  const config: ImageConfig = {
    os: optionalString(json, "os", refuse) ?? "linux",
    architecture: optionalString(json, "architecture", refuse) ?? "",
    variant: optionalString(json, "variant", refuse) ?? "",
    created: optionalString(json, "created", refuse) ?? "",
    user: optionalString(run, "User", refuse) ?? "",
    env: stringArray(run, "Env", refuse),
    entrypoint: stringArray(run, "Entrypoint", refuse),
    command: stringArray(run, "Cmd", refuse),
    workingDirectory: optionalString(run, "WorkingDir", refuse) ?? "",
    labels: stringMap(run, "Labels", refuse),
    volumes: objectKeys(run, "Volumes", refuse),
    exposedPorts: objectKeys(run, "ExposedPorts", refuse),
    stopSignal: optionalString(run, "StopSignal", refuse) ?? "",
    diffIds: diffIds.map(parseDiffId),
    json,
  };
  checkNames(config, refuse);
  return config;
}

/** Refuses what no program can be given: the kernel's names and words end with a NUL. */
function checkNames({ env, entrypoint, command, volumes, workingDirectory }: ImageConfig, refuse: Refuse): void {
  const named = { Env: env, Entrypoint: entrypoint, Cmd: command, Volumes: volumes, WorkingDir: [workingDirectory] };
  for (const [name, texts] of Object.entries(named)) {
    if (texts.some((text) => text.includes("\0"))) refuse(`${name} holds a NUL byte`);
  }
}
