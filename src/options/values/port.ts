import { formatAddress, parseAddress } from "../../ip-address.ts";
import { isIpv4, isIpv6 } from "./address.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, problemOf, quoted, shifted, valid } from "./check.ts";

const PORT_MAX = 65535;
export const PROTOCOLS = ["tcp", "udp", "sctp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** One range of published ports; `hostPort` 0 lets the kernel choose. */
export interface PortMapping {
  /** In its usual form; "" is every address. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly containerPort: number;
  /** How many consecutive ports. */
  readonly range: number;
  readonly protocol: Protocol;
}

/** Consecutive ports. */
interface PortRange {
  readonly first: number;
  readonly count: number;
}

/** One port number. */
export function parsePort(text: string): Parsed<number> {
  return isDeferred(text) ? DEFERRED : parsePortNumber(text);
}

function parsePortNumber(text: string): Parsed<number> {
  if (!/^\d+$/.test(text)) return invalid("bad-port", `${quoted(text)} is not a port number`);
  const port = Number(text);
  if (port >= 1 && port <= PORT_MAX) return valid(port);
  return invalid("bad-port", `port ${text} is not between 1 and ${PORT_MAX}`);
}

/** `N` or `N-M`. */
function parsePortRange(text: string): Parsed<PortRange> {
  if (isDeferred(text)) return DEFERRED;
  const dash = text.indexOf("-");
  const first = parsePortNumber(dash < 0 ? text : text.slice(0, dash));
  if (!("value" in first)) return first;
  const last = dash < 0 ? first : shifted(parsePortNumber(text.slice(dash + 1)), dash + 1);
  if (!("value" in last)) return last;
  const count = last.value - first.value + 1;
  return count > 0
    ? valid({ first: first.value, count })
    : invalid("bad-port", `the range ${text} ends before it begins`);
}

/** The protocol behind a `/`. */
function parseProtocol(text: string): Parsed<Protocol> {
  const protocol = PROTOCOLS.find((name) => name === text.toLowerCase());
  if (protocol !== undefined) return valid(protocol);
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-protocol", `${quoted(text)} is not a protocol`, { hint: PROTOCOLS.join(", ") });
}

/** `ExposeHostPort=`, as it was written: `N`, `N-M`, with `/tcp` or another protocol. */
export function parseExposedPort(text: string): Parsed<string> {
  const slash = text.indexOf("/");
  const ports = parsePortRange(slash < 0 ? text : text.slice(0, slash));
  const problem = problemOf(ports);
  if (problem !== undefined) {
    if (problem.code !== "bad-port") return { problem };
    return { problem: { ...problem, message: `invalid port format '${text}': ${problem.message}` } };
  }
  const protocol = slash < 0 ? valid("tcp") : shifted(parseProtocol(text.slice(slash + 1)), slash + 1);
  if (!("value" in protocol)) return protocol;
  return "value" in ports ? valid(text) : DEFERRED;
}

/**
 * `PublishPort=`: `[[ip:][hostPort]:]containerPort[/protocol]`, IPv6 addresses in brackets, ranges of the same size.
 * Without a host port it is 0: any that is free.
 */
export function parsePublishedPort(text: string): Parsed<PortMapping> {
  const slash = text.lastIndexOf("/");
  const protocol = slash < 0 ? valid<Protocol>("tcp") : shifted(parseProtocol(text.slice(slash + 1)), slash + 1);
  if ("problem" in protocol) return protocol;
  const fields = splitFields(slash < 0 ? text : text.slice(0, slash));
  const container = fields.at(-1);
  const host = fields.at(-2);
  const address = fields.at(-3);
  const misplaced = slash < 0 && host !== undefined ? misplacedProtocol(text, container) : undefined;
  if (misplaced !== undefined) return misplaced;
  if (container === undefined || fields.length > 3) {
    const hint = "write [[IP:]HOST:]CONTAINER[/PROTOCOL]";
    return invalid("bad-port", `${quoted(text)} has too many parts`, { hint });
  }
  const hostIp = shifted(parsePublishAddress(address?.text ?? ""), address?.at ?? 0);
  const hostPorts = shifted(parseHostPorts(host?.text ?? ""), host?.at ?? 0);
  const ports = shifted(parsePortRange(container.text), container.at);
  if ("problem" in hostIp) return hostIp;
  if ("problem" in hostPorts) return hostPorts;
  if ("problem" in ports) return ports;
  if ("value" in hostPorts && "value" in ports && hostPorts.value !== ANY_PORT) {
    const message = `the ranges ${host?.text} and ${container.text} differ in size`;
    if (hostPorts.value.count !== ports.value.count) return invalid("bad-port", message, { at: host?.at ?? 0 });
  }
  if (!("value" in protocol && "value" in hostIp && "value" in hostPorts && "value" in ports)) return DEFERRED;
  return valid({
    hostIp: hostIp.value,
    hostPort: hostPorts.value.first,
    containerPort: ports.value.first,
    range: ports.value.count,
    protocol: protocol.value,
  });
}

/** The kernel chooses as many as the container has. */
const ANY_PORT: PortRange = { first: 0, count: 0 };

function parseHostPorts(text: string): Parsed<PortRange> {
  return text === "" ? valid(ANY_PORT) : parsePortRange(text);
}

/** `80:80:tcp`, for what should be `80:80/tcp`. */
function misplacedProtocol(text: string, container: Field | undefined): ReturnType<typeof invalid> | undefined {
  if (container === undefined || !PROTOCOLS.some((name) => name === container.text.toLowerCase())) return undefined;
  const hint = `write ${text.slice(0, container.at - 1)}/${container.text}`;
  return invalid("bad-protocol", "the protocol stands behind a slash", { hint, at: container.at });
}

function parsePublishAddress(text: string): Parsed<string> {
  if (text === "") return valid(text);
  const bracketed = /^\[(.*)\]$/.exec(text)?.[1];
  if (isIpv4(text)) return valid(usualAddress(text));
  if (bracketed !== undefined && isIpv6(bracketed)) return valid(usualAddress(bracketed));
  if (isDeferred(text)) return DEFERRED;
  const hint = "IPv6 in brackets: [::1]:80:80";
  return invalid("bad-address", `${quoted(text)} is not an IP address`, { hint });
}

/**
 * An address in its one normal form, so that two texts of it compare equal; an IPv4-mapped IPv6 address (RFC 4291,
 * 2.5.5.2) is IPv4.
 */
function usualAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) return text;
  const mapped = address.family === 6 && address.value >> 32n === 0xffffn;
  return formatAddress(mapped ? { family: 4, value: address.value & 0xffff_ffffn } : address);
}

interface Field {
  readonly text: string;
  readonly at: number;
}

/** Splits at colons, but not at those in brackets or in `${…}`. */
function splitFields(text: string): Field[] {
  const fields: Field[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text.charAt(at);
    if (character === "[" || character === "{") depth++;
    if (character === "]" || character === "}") depth--;
    if (at < text.length && (character !== ":" || depth > 0)) continue;
    fields.push({ text: text.slice(from, at), at: from });
    from = at + 1;
  }
  return fields;
}
