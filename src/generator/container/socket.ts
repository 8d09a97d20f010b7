import { quoted, suggesting } from "../../options/values/check.ts";
import { closest } from "../../suggest.ts";
import type { Entry, Header } from "../../unit/entry.ts";
import { headersOf, lastEntry, type SectionEntries } from "../../unit/lookup.ts";
import { escapeSpecifiers } from "../../unit/quoting.ts";
import { UnitDraft } from "../../unit/unit-draft.ts";
import { isTemplate, joinName, splitName } from "../../unit/unit-name.ts";
import { CommandLine } from "../making/command-line.ts";
import type { ContainerContext, GeneratedFile } from "../making/context.ts";
import { UNSET_ENVIRONMENT } from "../making/environment.ts";
import { parseBoolean } from "../reading/key-reader.ts";

/** The results of a `[Socket]` section and the keys about it. */
export interface Sockets {
  /** The socket unit and, with SocketProxy=, the proxy's service. */
  readonly files: readonly GeneratedFile[];
  /** Name of the socket unit, if there is one. */
  readonly socket?: string;
  /**
   * Name of the socket unit whose sockets systemd passes to the payload: not with a proxy, nor with one connection
   * each.
   */
  readonly passedTo?: string;
  /** Whether the container stops with its proxy. */
  readonly stopWhenIdle: boolean;
}

/** Keys of systemd.socket(5) that name an address. */
const LISTEN_KEYS: readonly string[] = [
  ...["ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO", "ListenSpecial", "ListenNetlink"],
  ...["ListenMessageQueue", "ListenUSBFunction"],
];

export const NO_SOCKETS: Sockets = { files: [], stopWhenIdle: false };

/** The socket unit and the proxy of a `.container` file. Errors in the section and the keys are reported. */
export function containerSockets(context: ContainerContext): Sockets {
  const { parsed, berth, report } = context;
  const section = parsed.sections.get("Socket");
  const port = berth.string("SocketProxy");
  const idle = berth.string("StopWhenIdle");
  if (section === undefined) {
    for (const value of [port, idle]) {
      if (value === undefined) continue;
      report.item(value.entry, { code: "no-socket", message: `${value.entry.key}= needs a [Socket] section` });
    }
    return NO_SOCKETS;
  }
  checkSection(context, section);
  const accepts = acceptsConnections(context, lastEntry(section, "Accept"));
  if (accepts && port !== undefined) {
    report.item(port.entry, { code: "accept-with-proxy", message: "SocketProxy= cannot be used with Accept=yes" });
  }
  if (idle !== undefined && !berth.has("SocketProxy")) {
    const message = "StopWhenIdle= needs SocketProxy=: only the proxy knows when the last connection is gone";
    report.item(idle.entry, { code: "no-proxy", message });
  }
  const service = splitName(parsed.serviceName);
  const socket = joinName({ ...(accepts ? { prefix: service.prefix } : service), suffix: "socket" });
  const proxy = port === undefined ? undefined : joinName({ ...service, prefix: `${service.prefix}-proxy` });
  const { path: source } = parsed.source;
  const files: GeneratedFile[] = [{ name: socket, role: "socket", source, text: socketText(context, socket, proxy) }];
  if (proxy !== undefined && port !== undefined) {
    const text = proxyText(context, socket, port.text, idle?.text);
    files.push({ name: proxy, role: "socket-proxy", source, text });
  }
  const passed = accepts || proxy !== undefined ? {} : { passedTo: instanceReference(socket) };
  return { files, socket, ...passed, stopWhenIdle: idle !== undefined };
}

/** Reports keys that systemd would refuse, and those that would activate another unit than the container's. */
function checkSection({ parsed, report }: ContainerContext, section: SectionEntries): void {
  const service = lastEntry(section, "Service");
  if (service !== undefined) {
    report.item(service, { code: "managed-directive", message: "Service= of [Socket] is set by berth" });
  }
  for (const [key, entries] of section) {
    if (!key.startsWith("Listen") || LISTEN_KEYS.includes(key)) continue;
    const problem = { code: "unknown-key", message: `unknown key ${quoted(key)} in [Socket]` };
    for (const entry of entries) report.item(entry, suggesting(problem, closest(key, LISTEN_KEYS)));
  }
  const listens = [...section].some(([key, entries]) => key.startsWith("Listen") && entries.at(-1)?.value !== "");
  const header = headersOf(parsed.file).find((item) => item.section === "Socket");
  if (listens || header === undefined) return;
  report.item(header, {
    code: "no-listen",
    message: "[Socket] listens nowhere",
    hint: "write ListenStream= or its like",
  });
}

/** Whether each connection starts a container of its own. */
function acceptsConnections({ parsed, report }: ContainerContext, accept: Entry | undefined): boolean {
  if (accept === undefined || accept.value === "") return false;
  const accepts = parseBoolean(accept.value);
  if (accepts === undefined) {
    report.at(accept, 0, { code: "bad-boolean", message: "Accept: neither yes nor no", hint: "write yes or no" });
  }
  const { prefix, instance } = splitName(parsed.serviceName);
  if (accepts === true && instance !== "") {
    const message = "Accept=yes starts a container for each connection, so the file has to be a template";
    report.item(accept, { code: "accept-without-template", message, hint: `name it ${prefix}@.container` });
  }
  return accepts === true;
}

function socketText(context: ContainerContext, socket: string, proxy: string | undefined): string {
  const { file, source, serviceName } = context.parsed;
  const items = file.items.filter((item) => item.section === "Socket");
  const unit: Header = { kind: "header", section: "Unit", path: file.path, raw: "[Unit]\n", line: 0, column: 0 };
  const draft = UnitDraft.copyOf({ ...file, items: [unit, ...items] });
  draft.append("Unit", "Description", `Socket of ${isTemplate(socket) ? instanceReference(serviceName) : serviceName}`);
  draft.append("Unit", "SourcePath", escapeSpecifiers(source.path));
  if (proxy !== undefined) draft.append("Socket", "Service", instanceReference(proxy));
  return draft.toString();
}

/**
 * The service that carries connections from the socket into the container's network namespace. It is bound to the
 * container: both stop together, and the next connection starts both.
 */
function proxyText(context: ContainerContext, socket: string, port: string, idle: string | undefined): string {
  const { source, serviceName } = context.parsed;
  const service = instanceReference(serviceName);
  const line = new CommandLine().literal(context.options.berth, "socket-proxy").plain("--unit").expanded(service);
  if (idle !== undefined) line.literal(`--exit-idle-time=${idle}`);
  line.expanded(port);
  const draft = new UnitDraft();
  draft.append("Unit", "Description", `Socket proxy of ${service}`);
  draft.append("Unit", "SourcePath", escapeSpecifiers(source.path));
  draft.append("Unit", "BindsTo", service).append("Unit", "Requires", instanceReference(socket));
  draft.append("Unit", "After", `${service} ${instanceReference(socket)}`);
  draft.append("Service", "Type", "notify").append("Service", "SyslogIdentifier", "%N");
  draft.append("Service", "UnsetEnvironment", UNSET_ENVIRONMENT);
  draft.append("Service", "ExecStart", line.toString());
  return draft.toString();
}

/**
 * The name by which a template's unit refers to another unit of the same instance: `app@%i.service`; other names stay.
 */
function instanceReference(unit: string): string {
  const parts = splitName(unit);
  return parts.instance === "" ? joinName({ ...parts, instance: "%i" }) : unit;
}
