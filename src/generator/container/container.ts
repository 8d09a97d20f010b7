import { BERTH_KEYS } from "../keys/berth.ts";
import type { KeyTable } from "../keys/key.ts";
import type { ContainerContext, GeneratedFile, UnitContext, Units } from "../making/context.ts";
import { installLinks } from "../making/install.ts";
import { checkServiceName } from "../making/service-checks.ts";
import { KeyReader } from "../reading/key-reader.ts";
import { podMembership } from "./pod-container.ts";
import { containerService } from "./service.ts";
import { containerSockets, NO_SOCKETS } from "./socket.ts";

/** Turns a `.container` file into its service, its sockets and their links. Errors are reported. */
export function containerUnits(unit: UnitContext): Units {
  const { parsed, report } = unit;
  const reader = (name: string, table: KeyTable) => new KeyReader(name, parsed.sections.get(name), table, report);
  const container = reader(parsed.type.section, parsed.type.keys());
  const berth = reader("Berth", BERTH_KEYS);
  for (const keys of [container, unit.quadlet, berth]) keys.checkKeys();
  checkServiceName(parsed, container, report);
  const context: ContainerContext = { ...unit, container, berth };
  const { sections, serviceName, source } = parsed;
  const sockets = sections.has("Socket") || sections.has("Berth") ? containerSockets(context) : NO_SOCKETS;
  const membership =
    container.mentions("Pod") || container.mentions("StartWithPod") ? podMembership(context) : undefined;
  const service = containerService(context, sockets, membership);
  const file: GeneratedFile = {
    name: serviceName,
    role: "service",
    source: source.path,
    text: service.toString(),
  };
  const install = sections.get("Install");
  const installed = { service: serviceName, ...(sockets.socket === undefined ? {} : { socket: sockets.socket }) };
  const links = install === undefined ? [] : installLinks(install, installed, report);
  if (membership !== undefined) links.push(...membership.links);
  return { files: [file, ...sockets.files], links };
}
