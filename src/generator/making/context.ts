import type { RunningUnit } from "../../state/running-units.ts";
import type { Entry } from "../../unit/entry.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { PodMembers } from "../reading/pod-members.ts";
import type { References } from "../reading/references.ts";
import type { Report } from "../reading/report.ts";
import type { ResourceIndex } from "../reading/resource-index.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { UnitIndex } from "../reading/unit-index.ts";

/** What the generator needs to know besides the files. */
export interface GenerateOptions {
  /** Whose manager the units are for. */
  readonly scope: "system" | "user";
  /** Path of the berth executable, for the command lines. */
  readonly berth: string;
  /**
   * Capabilities of a user's manager, which its services need to see what it keeps for them (ptrace(2)): since systemd
   * 254 it has CAP_WAKE_ALARM.
   */
  readonly managerCapabilities?: readonly string[];
  /** What runs while the units are generated; absent if they are only looked at. */
  readonly running?: RunningUnits;
}

/** The services that run: of those whose files are gone or wrong, the end must not be lost. */
export interface RunningUnits {
  readonly names: readonly string[];
  /** What a service runs; undefined also if its unit is not from a generator. */
  find(name: string): RunningUnit | undefined;
}

/** Command lines that are the same in all services, put together once. */
export interface SharedCommands {
  /** ExecStop= where the image knows the stop signal. */
  readonly stopPayload: string;
  /** ExecStopPost=. */
  readonly cleanup: string;
}

/** What all sources of one run have in common. */
export interface GenerateRun {
  readonly units: UnitIndex;
  readonly podMembers: PodMembers;
  readonly resources: ResourceIndex;
  readonly options: GenerateOptions;
  readonly commands: SharedCommands;
}

/** One file while it is being turned into units. */
export interface UnitContext extends GenerateRun {
  readonly parsed: ParsedSource;
  readonly report: Report;
  readonly references: References;
  /** The keys of `[Quadlet]`. */
  readonly quadlet: KeyReader;
  /** The assignments of `[Service]` that count. */
  readonly service: ReadonlyMap<string, Entry>;
}

/** One `.container` file. */
export interface ContainerContext extends UnitContext {
  /** The keys of `[Container]` and `[Berth]`. */
  readonly container: KeyReader;
  readonly berth: KeyReader;
}

/** One file of a type that stands for something containers use: `.image`, `.network`, `.pod` or `.volume`. */
export interface ResourceContext extends UnitContext {
  /** The keys of the type's own section. */
  readonly keys: KeyReader;
}

/** What a generated unit is to the file it comes from: its service, the socket of `[Socket]`, or that socket's proxy. */
export type UnitRole = "service" | "socket" | "socket-proxy";

/** A unit file that was generated. */
export interface GeneratedFile {
  /** `app.service`. */
  readonly name: string;
  readonly role: UnitRole;
  /** Path of the Quadlet file; absent where a running service has lost its file. */
  readonly source?: string;
  /** In the form of src/unit/text.ts: bytes that were not UTF-8 are kept. */
  readonly text: string;
}

/** A link that was generated. */
export interface GeneratedLink {
  /** Below the output directory: `multi-user.target.wants/app.service`. */
  readonly path: string;
  /** What the link holds: `../app.service`. */
  readonly target: string;
}

/** What a source makes if nothing is wrong with it. */
export interface Units {
  readonly files: readonly GeneratedFile[];
  readonly links: readonly GeneratedLink[];
}
