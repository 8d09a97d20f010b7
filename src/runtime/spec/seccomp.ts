import { constants } from "node:os";
import { fields, list, number, optional, orElse, type Reader, text, texts } from "../../json-fields.ts";
import type { SpecSeccomp } from "./runtime-spec.ts";

/** The places of the profile that podman and buildah use; the administrator's copy comes first (seccomp.json(5)). */
export const SECCOMP_PROFILES = ["/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json"] as const;

/** The profile language of containers-common: the runtime spec's, plus conditions on capabilities and architecture. */
interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly defaultErrno?: string;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly errno?: string;
  readonly args?: readonly unknown[];
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

interface SeccompCondition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

const anything: Reader<unknown> = (value) => value;
const condition = fields<SeccompCondition>({
  caps: optional(texts),
  arches: optional(texts),
  minKernel: optional(text),
});

/** Reads a profile; every member that may be absent may be null. */
export const seccompProfile = fields<SeccompProfile>({
  defaultAction: text,
  defaultErrnoRet: optional(number),
  defaultErrno: optional(text),
  architectures: optional(texts),
  archMap: optional(list(fields({ architecture: text, subArchitectures: orElse(texts, []) }))),
  syscalls: list(
    fields<SeccompRule>({
      name: optional(text),
      names: optional(texts),
      action: text,
      errnoRet: optional(number),
      errno: optional(text),
      args: optional(list(anything)),
      includes: optional(condition),
      excludes: optional(condition),
    }),
  ),
});

export interface SeccompContext {
  /** Go's name of the machine's architecture, as profiles spell it: `amd64`. */
  readonly architecture: string;
  /** libseccomp's name of it: `SCMP_ARCH_X86_64`. */
  readonly seccompArchitecture: string;
  /** The container's bounding set, with CAP_ prefix. */
  readonly capabilities: readonly string[];
  /** uname -r. */
  readonly kernel: string;
}

/** Node's process.arch to the names that profiles use. */
export const SECCOMP_ARCHITECTURES: Readonly<Record<string, { architecture: string; seccompArchitecture: string }>> = {
  x64: { architecture: "amd64", seccompArchitecture: "SCMP_ARCH_X86_64" },
  arm64: { architecture: "arm64", seccompArchitecture: "SCMP_ARCH_AARCH64" },
};

/** Resolves a profile's conditions for one container, since the runtime specification's form has none. */
export function resolveSeccomp(profile: SeccompProfile, context: SeccompContext): SpecSeccomp {
  const kernel = kernelVersion(context.kernel);
  const isHere = (arch: string) => arch === context.architecture;
  const isHeld = (cap: string) => context.capabilities.includes(cap);
  const isRecent = (version: string) => compareVersions(kernel, kernelVersion(version)) >= 0;
  // A rule applies if every condition of `includes` holds and none of `excludes`.
  const included = ({ arches = [], caps = [], minKernel = "" }: SeccompCondition = {}): boolean =>
    (arches.length === 0 || arches.some(isHere)) && caps.every(isHeld) && (minKernel === "" || isRecent(minKernel));
  const excluded = ({ arches = [], caps = [], minKernel = "" }: SeccompCondition = {}): boolean =>
    arches.some(isHere) || caps.some(isHeld) || (minKernel !== "" && isRecent(minKernel));
  const mapped = profile.archMap?.find((entry) => entry.architecture === context.seccompArchitecture);
  const syscalls = profile.syscalls
    .filter((rule) => included(rule.includes) && !excluded(rule.excludes))
    .map((rule) => ({
      names: rule.names ?? (rule.name === undefined ? [] : [rule.name]),
      action: rule.action,
      ...present("errnoRet", rule.errnoRet ?? errnoNumber(rule.errno)),
      ...(rule.args === undefined || rule.args.length === 0 ? {} : { args: rule.args }),
    }));
  return {
    defaultAction: profile.defaultAction,
    ...present("defaultErrnoRet", profile.defaultErrnoRet ?? errnoNumber(profile.defaultErrno)),
    architectures:
      profile.architectures ?? (mapped === undefined ? [] : [mapped.architecture, ...mapped.subArchitectures]),
    syscalls,
  };
}

function present<K extends string>(name: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, number>);
}

/** `EPERM`: profiles name the error as well as its number, or instead. */
function errnoNumber(name: string | undefined): number | undefined {
  return Object.entries(constants.errno).find(([known]) => known === name)?.[1];
}

function kernelVersion(text: string): [number, number] {
  const [major = "0", minor = "0"] = text.split(/[^0-9]+/);
  return [Number(major), Number(minor)];
}

function compareVersions(a: [number, number], b: [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
