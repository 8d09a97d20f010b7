import cleanupService from "../../units/berth-cleanup.service" with { type: "text" };
import rescanPath from "../../units/berth-rescan.path" with { type: "text" };
import rescanService from "../../units/berth-rescan.service" with { type: "text" };
import rescanAgainService from "../../units/berth-rescan-again.service" with { type: "text" };

/** The units that berth ships, by name; `enabled` ones are linked into multi-user.target by `berth setup`. */
export const STATIC_UNITS: readonly { readonly name: string; readonly text: string; readonly enabled: boolean }[] = [
  { name: "berth-cleanup.service", text: cleanupService, enabled: true },
  { name: "berth-rescan.service", text: rescanService, enabled: true },
  { name: "berth-rescan-again.service", text: rescanAgainService, enabled: false },
  { name: "berth-rescan.path", text: rescanPath, enabled: false },
];
