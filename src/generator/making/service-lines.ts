import type { Directive } from "../../unit/unit-draft.ts";

/** What a type of file adds to the sections of its service. */
export interface ServiceLines {
  readonly unit: readonly Directive[];
  /** ExecStart= and what belongs to it. */
  readonly service: readonly Directive[];
  /** Whether the service ends with a process, which it has told systemd of. */
  readonly hasMainProcess?: boolean;
}
