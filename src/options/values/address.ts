import { DEFERRED, invalid, isDeferred, type Parsed, quoted, shifted, splitAt, valid } from "./check.ts";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}$/;

/** Whether the text is an IPv4 address in the usual form of four numbers. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text) && !text.endsWith(".");
}

/** Whether the text is an IPv6 address, without brackets and zone. */
export function isIpv6(text: string): boolean {
  return text.includes(":") && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** An IPv4 or IPv6 address, as it was written. */
export function parseIpAddress(text: string): Parsed<string> {
  return addressOf(text, isIpv4(text) || isIpv6(text), "an IP address");
}

/** `IP=`, as it was written. */
export function parseIpv4(text: string): Parsed<string> {
  return addressOf(text, isIpv4(text), "an IPv4 address");
}

/** `IP6=`, as it was written. */
export function parseIpv6(text: string): Parsed<string> {
  return addressOf(text, isIpv6(text), "an IPv6 address");
}

function addressOf(text: string, isAddress: boolean, what: string): Parsed<string> {
  if (isAddress) return valid(text);
  return isDeferred(text) ? DEFERRED : invalid("bad-address", `${quoted(text)} is not ${what}`);
}

/** `DNS=`: an address, or `none`. */
export function parseDns(text: string): Parsed<string> {
  return text === "none" ? valid(text) : parseIpAddress(text);
}

/** A line of /etc/hosts. */
export interface HostEntry {
  readonly names: readonly string[];
  /** An address, or `host-gateway`. */
  readonly address: string;
}

/** `AddHost=`: `name[;name…]:address` or `…:host-gateway`. */
export function parseHostEntry(text: string): Parsed<HostEntry> {
  const { head, tail, tailAt } = splitAt(text, ":");
  const hint = "write NAME:ADDRESS";
  if (tail === undefined || tail === "") {
    return isDeferred(text) ? DEFERRED : invalid("bad-host", `no address in ${quoted(text)}`, { hint });
  }
  const names = head.split(";");
  if (names.includes("")) return invalid("bad-host", `no host name in ${quoted(text)}`, { hint });
  if (/\s/.test(head)) return invalid("bad-host", `${quoted(head)} is not a host name`);
  const address =
    tail === "host-gateway" ? valid(tail) : shifted(parseIpAddress(/^\[(.*)\]$/.exec(tail)?.[1] ?? tail), tailAt);
  if (!("value" in address)) return address;
  return isDeferred(head) ? DEFERRED : valid({ names, address: address.value });
}
