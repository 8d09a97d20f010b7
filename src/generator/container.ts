import { givenEntries } from "../unit/lookup.ts";
import type { ContainerContext, GeneratedFile, GeneratedLink, GenerateRun } from "./context.ts";
import { installLinks } from "./install.ts";
import { KeyReader } from "./key-reader.ts";
import { BERTH_KEYS } from "./keys/berth.ts";
import { QUADLET_KEYS } from "./keys/quadlet.ts";
import type { Report } from "./report.ts";
import { containerService } from "./service.ts";
import { checkServiceName } from "./service-checks.ts";
import { containerSockets, NO_SOCKETS } from "./socket.ts";
import type { ParsedSource } from "./source.ts";

/** What a source makes if nothing is wrong with it. */
export interface Units {
  readonly files: readonly GeneratedFile[];
  readonly links: readonly GeneratedLink[];
}

/** Turns a `.container` file into its service, its sockets and their links. What is wrong is reported. */
export function containerUnits(parsed: ParsedSource, run: GenerateRun, report: Report): Units {
  const reader = (name: string, table: ConstructorParameters<typeof KeyReader>[2]) =>
    new KeyReader(name, parsed.sections.get(name), table, report);
  const container = reader(parsed.type.section, parsed.type.keys());
  const quadlet = reader("Quadlet", QUADLET_KEYS);
  const berth = reader("Berth", BERTH_KEYS);
  for (const keys of [container, quadlet, berth]) keys.checkKeys();
  checkServiceName(parsed, container, report);
  const given = givenEntries(parsed.sections.get("Service"));
  const context: ContainerContext = { ...run, parsed, report, container, quadlet, berth, service: given };
  const { sections, serviceName } = parsed;
  const sockets = sections.has("Socket") || sections.has("Berth") ? containerSockets(context) : NO_SOCKETS;
  const service = containerService(context, sockets);
  const file: GeneratedFile = { name: serviceName, text: service.toString() };
  const install = sections.get("Install");
  const units = { service: serviceName, ...(sockets.socket === undefined ? {} : { socket: sockets.socket }) };
  const links = install === undefined ? [] : installLinks(install, units, report);
  return { files: [file, ...sockets.files], links };
}
