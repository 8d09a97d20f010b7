import type { Directive } from "../../unit/unit-draft.ts";

/** The lines that a type of file adds to the sections of its service. */
export interface ServiceLines {
  readonly unit: readonly Directive[];
  /** ExecStart= and what belongs to it. */
  readonly service: readonly Directive[];
  /** Whether the service has a main process, of which it notifies systemd. */
  readonly hasMainProcess?: boolean;
}
