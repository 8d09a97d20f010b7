import cleanupService from "../units/berth-cleanup.service" with { type: "text" };
import logService from "../units/berth-log@.service" with { type: "text" };
import logSocket from "../units/berth-log@.socket" with { type: "text" };
import networksTarget from "../units/berth-networks.target" with { type: "text" };
import networksDnsService from "../units/berth-networks-dns.service" with { type: "text" };
import networksPastaService from "../units/berth-networks-pasta.service" with { type: "text" };
import notifyService from "../units/berth-notify@.service" with { type: "text" };
import notifySocket from "../units/berth-notify@.socket" with { type: "text" };
import podExitService from "../units/berth-pod-exit@.service" with { type: "text" };
import rescanPath from "../units/berth-rescan.path" with { type: "text" };
import rescanService from "../units/berth-rescan.service" with { type: "text" };
import rescanAgainService from "../units/berth-rescan-again.service" with { type: "text" };

/** A unit that berth ships. */
export interface StaticUnit {
  readonly name: string;
  readonly text: string;
  /** Linked into multi-user.target by `berth setup`. */
  readonly enabled?: boolean;
  /** Installed for users' managers too, or only for them. */
  readonly users?: boolean | "only";
}

/** The units that berth ships. */
export const STATIC_UNITS: readonly StaticUnit[] = [
  { name: "berth-cleanup.service", text: cleanupService, enabled: true },
  { name: "berth-log@.service", text: logService, users: true },
  { name: "berth-log@.socket", text: logSocket, users: true },
  { name: "berth-networks.target", text: networksTarget, users: "only" },
  { name: "berth-networks-dns.service", text: networksDnsService, users: "only" },
  { name: "berth-networks-pasta.service", text: networksPastaService, users: "only" },
  { name: "berth-notify@.service", text: notifyService },
  { name: "berth-notify@.socket", text: notifySocket },
  { name: "berth-pod-exit@.service", text: podExitService, users: true },
  { name: "berth-rescan.service", text: rescanService, enabled: true },
  { name: "berth-rescan-again.service", text: rescanAgainService },
  { name: "berth-rescan.path", text: rescanPath },
];
