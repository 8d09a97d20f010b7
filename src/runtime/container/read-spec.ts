import { parseJsonObject } from "../../json.ts";
import {
  dictionary,
  type Fields,
  fields,
  list,
  number,
  optional,
  type Reader,
  text,
  texts,
} from "../../json-fields.ts";
import type { Scope } from "../../scope.ts";
import { containerPaths } from "../../state/paths.ts";
import { readRegular } from "../../system/read-bounded.ts";
import { RuntimeError } from "../error.ts";
import { RLIM_INFINITY } from "../spec/oci-config.ts";
import type { RuntimeSpec, SpecMount, SpecProcess } from "../spec/runtime-spec.ts";

type Unchangeable<T> = T extends object ? { readonly [K in keyof T]: Unchangeable<T[K]> } : T;

/** What berth looks at again of a running container's config.json. Members beside these are kept as they are. */
export type WrittenSpec = Unchangeable<
  Pick<RuntimeSpec, "mounts" | "annotations" | "hostname"> & {
    root: Pick<RuntimeSpec["root"], "path">;
    process: Pick<SpecProcess, "user" | "args" | "env" | "cwd" | "capabilities" | "rlimits">;
  }
>;
export type WrittenProcess = WrittenSpec["process"];

/** A limit that has no exact number in JavaScript has none: 2^64-1, RLIM_INFINITY. */
const limit: Reader<number> = (value, at, refuse) => Math.min(number(value, at, refuse), RLIM_INFINITY);

const user: Fields<WrittenProcess["user"]> = {
  uid: number,
  gid: number,
  umask: optional(number),
  additionalGids: optional(list(number)),
};
const capabilities: Fields<WrittenProcess["capabilities"]> = {
  bounding: texts,
  effective: texts,
  permitted: texts,
  inheritable: texts,
  ambient: texts,
};
const mount: Fields<Unchangeable<SpecMount>> = { destination: text, type: text, source: text, options: texts };

const writtenSpec = fields<WrittenSpec>({
  process: fields<WrittenProcess>({
    user: fields(user),
    args: texts,
    env: texts,
    cwd: text,
    capabilities: fields(capabilities),
    rlimits: list(fields({ type: text, soft: limit, hard: limit })),
  }),
  root: fields({ path: text }),
  hostname: optional(text),
  mounts: list(fields(mount)),
  annotations: dictionary(text),
});

/** The longest config.json that is read: bytes. */
const SPEC_MAX = 64 * 1024 * 1024;

/** config.json as berth wrote it for the container. Throws "oci-runtime" for what berth does not write. */
export function readSpec(scope: Scope, id: string): WrittenSpec {
  const path = containerPaths(scope, id).config;
  let text: string;
  try {
    text = readRegular(path, SPEC_MAX).toString();
  } catch (cause) {
    throw new RuntimeError("oci-runtime", `read ${path}, which the container's next start makes anew`, { cause });
  }
  return parseSpec(text, path);
}

/** The same for its text; `path` is for the message. */
export function parseSpec(text: string, path: string): WrittenSpec {
  const refuse = (why: string): never => {
    throw new RuntimeError("oci-runtime", `read ${path}, which the container's next start makes anew: ${why}`);
  };
  return writtenSpec(parseJsonObject(Buffer.from(text), refuse), "", refuse);
}
