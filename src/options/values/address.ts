import { isDeferred, type Problem, quoted, shifted, splitAt } from "./check.ts";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}$/;

/** Whether the text is an IPv4 address in the usual form of four numbers. */
export function isIpv4(text: string): boolean {
  return IPV4.test(text) && !text.endsWith(".");
}

/** Whether the text is an IPv6 address, without brackets and zone. */
export function isIpv6(text: string): boolean {
  return text.includes(":") && /^[0-9a-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}

/** An address of either kind. */
export function checkAddress(value: string): Problem | undefined {
  if (isDeferred(value) || isIpv4(value) || isIpv6(value)) return undefined;
  return { code: "bad-address", message: `${quoted(value)} is not an IP address` };
}

/** `DNS=`: an address, or `none`. */
export function checkDns(value: string): Problem | undefined {
  return value === "none" ? undefined : checkAddress(value);
}

/** `AddHost=`: `name[;name…]:address` or `…:host-gateway`. */
export function checkAddHost(value: string): Problem | undefined {
  const { head, tail, tailAt } = splitAt(value, ":");
  if (tail === undefined || tail === "") {
    if (isDeferred(value)) return undefined;
    return { code: "bad-host", message: `no address in ${quoted(value)}`, hint: "write NAME:ADDRESS" };
  }
  if (head === "" || head.split(";").includes("")) {
    return { code: "bad-host", message: `no host name in ${quoted(value)}`, hint: "write NAME:ADDRESS" };
  }
  if (/\s/.test(head)) return { code: "bad-host", message: `${quoted(head)} is not a host name` };
  if (tail === "host-gateway") return undefined;
  const bracketed = /^\[(.*)\]$/.exec(tail);
  return shifted(checkAddress(bracketed?.[1] ?? tail), tailAt);
}
