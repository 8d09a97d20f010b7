import type { OciRuntimeName } from "../../oci-runtimes.ts";
import type { RunningUnit } from "../../state/running-units.ts";
import type { StopSignals } from "../../state/stop-signals.ts";
import type { Entry } from "../../unit/entry.ts";
import type { KeyReader } from "../reading/key-reader.ts";
import type { PodMembers } from "../reading/pod-members.ts";
import type { References } from "../reading/references.ts";
import type { Report } from "../reading/report.ts";
import type { ResourceIndex } from "../reading/resource-index.ts";
import type { ParsedSource } from "../reading/source.ts";
import type { UnitIndex } from "../reading/unit-index.ts";

/** The generator's input besides the files. */
export interface GenerateOptions {
  /** The manager that the units are for. */
  readonly scope: "system" | "user";
  /** Path of the berth executable, for the command lines. */
  readonly berth: string;
  /**
   * Capabilities of a user's manager: its services need them to see what it keeps for them (ptrace(2)). Since systemd
   * 254 it has CAP_WAKE_ALARM.
   */
  readonly managerCapabilities?: readonly string[];
  /** The OCI runtime of containers that name none (berth.conf); berth's own default if absent. */
  readonly defaultRuntime?: OciRuntimeName;
  /** Whether systemd puts a unit's processes into a child of its cgroup (DelegateSubgroup=, as of version 254). */
  readonly delegatesSubgroup?: boolean;
  /** The services that run at this moment; absent if the units are only shown. */
  readonly running?: RunningUnits;
  /** What is known of images' stop signals. */
  readonly stopSignals?: StopSignals;
}

/** The running services: those whose files are gone or wrong must still stop and be cleaned up. */
export interface RunningUnits {
  readonly names: readonly string[];
  /** The container or pod of a service; undefined also if the service's unit is not from a generator. */
  find(name: string): RunningUnit | undefined;
  /**
   * The numbers of the signals that payloads expect: of the service if it runs, or of all running instances of a
   * template. An unknown one is undefined.
   */
  stopSignals?(name: string): readonly (number | undefined)[];
}

/** Command lines that are the same in all services, put together once. */
export interface SharedCommands {
  /** ExecStop= where the image knows the stop signal. */
  readonly stopPayload: string;
  /** ExecStopPost=. */
  readonly cleanup: string;
}

/** The parts that all sources of one run share. */
export interface GenerateRun {
  readonly units: UnitIndex;
  readonly podMembers: PodMembers;
  readonly resources: ResourceIndex;
  readonly options: GenerateOptions;
  readonly commands: SharedCommands;
}

/** One file on its way to units. */
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

/** One file for an object that containers use: `.image`, `.network`, `.pod` or `.volume`. */
export interface ResourceContext extends UnitContext {
  /** The keys of the type's own section. */
  readonly keys: KeyReader;
}

/** The role of a unit in the output of one file: its service, the socket of `[Socket]`, or that socket's proxy. */
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
  /** The link's content: `../app.service`. */
  readonly target: string;
}

/** The output of a source without errors. */
export interface Units {
  readonly files: readonly GeneratedFile[];
  readonly links: readonly GeneratedLink[];
}
