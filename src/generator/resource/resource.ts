import { lastEntry } from "../../unit/lookup.ts";
import { type Directive, UnitDraft } from "../../unit/unit-draft.ts";
import type { ResourceContext, UnitContext, Units } from "../making/context.ts";
import { UNSET_ENVIRONMENT } from "../making/environment.ts";
import { installLinks } from "../making/install.ts";
import { checkOtherUser, checkServiceName } from "../making/service-checks.ts";
import type { ServiceLines } from "../making/service-lines.ts";
import { completeUnitSection } from "../making/unit-section.ts";
import { ambientCapabilities } from "../making/user-manager.ts";
import { KeyReader } from "../reading/key-reader.ts";
import type { ParsedSource } from "../reading/source.ts";
import { imageService } from "./image.ts";
import { networkService } from "./network.ts";
import { podService } from "./pod.ts";
import { volumeService } from "./volume.ts";

const MAKERS: Readonly<Record<string, (context: ResourceContext) => ServiceLines>> = {
  image: imageService,
  network: networkService,
  pod: podService,
  volume: volumeService,
};

/**
 * Turns a file for an object that containers use into its service: one command that makes the object and ends, after
 * which the service stays active, so that the object is made once for all containers. Errors are reported.
 */
export function resourceUnits(unit: UnitContext): Units {
  const { parsed, report } = unit;
  const keys = new KeyReader(parsed.type.section, parsed.sections.get(parsed.type.section), parsed.type.keys(), report);
  const berth = new KeyReader("Berth", parsed.sections.get("Berth"), new Map(), report);
  for (const reader of [keys, unit.quadlet, berth]) reader.checkKeys();
  checkServiceName(parsed, keys, report);
  const context: ResourceContext = { ...unit, keys };
  checkService(context);
  const lines = MAKERS[parsed.type.extension]?.(context) ?? { unit: [], service: [] };
  const draft = UnitDraft.copyOf(parsed.file);
  draft.renameSections([parsed.type.section, "Quadlet", "Berth"], (name) => `X-${name}`);
  completeUnitSection(draft, context, lines.unit);
  draft.appendAll("Service", [...commonLines(context, lines), ...lines.service]);
  return {
    files: [{ name: parsed.serviceName, role: "service", source: parsed.source.path, text: draft.toString() }],
    links: installLinks(parsed.sections.get("Install"), { service: parsed.serviceName }, report),
  };
}

function commonLines({ service, options, parsed }: ResourceContext, { hasMainProcess }: ServiceLines): Directive[] {
  const lines: Directive[] = [];
  if (!service.has("Type")) lines.push(["Type", serviceType(parsed)]);
  if (hasMainProcess !== true && !service.has("RemainAfterExit")) lines.push(["RemainAfterExit", "yes"]);
  if (!service.has("SyslogIdentifier")) lines.push(["SyslogIdentifier", "%N"]);
  lines.push(...ambientCapabilities(options), ["UnsetEnvironment", UNSET_ENVIRONMENT]);
  return lines;
}

/** The command of a pod may leave a process behind, and notifies systemd of it. */
function serviceType({ type }: ParsedSource): string {
  return type.extension === "pod" ? "notify" : "oneshot";
}

/** Reports lines of the user's `[Service]` that contradict berth's. */
function checkService(context: ResourceContext): void {
  const { parsed, report } = context;
  const section = parsed.sections.get("Service");
  if (section === undefined) return;
  const type = lastEntry(section, "Type");
  if (type !== undefined && type.value !== "" && type.value !== serviceType(parsed)) {
    const message = `invalid service Type '${type.value}'`;
    report.at(type, 0, { code: "bad-service-type", message, hint: serviceType(parsed) });
  }
  for (const entry of section.get("ExecStart") ?? []) {
    report.item(entry, { code: "managed-directive", message: "ExecStart= is written by berth" });
  }
  checkOtherUser(context);
}
