import { isIpv4, isIpv6 } from "./address.ts";
import { isDeferred, type Problem, quoted, shifted } from "./check.ts";

const PORT_MAX = 65535;
const PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"];

/** One port number. */
export function checkPort(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (!/^\d+$/.test(value)) return { code: "bad-port", message: `${quoted(value)} is not a port number` };
  if (Number(value) >= 1 && Number(value) <= PORT_MAX) return undefined;
  return { code: "bad-port", message: `port ${value} is not between 1 and ${PORT_MAX}` };
}

/** `N` or `N-M`. */
function checkPortRange(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  const dash = value.indexOf("-");
  if (dash < 0) return checkPort(value);
  const first = value.slice(0, dash);
  const last = value.slice(dash + 1);
  const problem = checkPort(first) ?? shifted(checkPort(last), dash + 1);
  if (problem !== undefined || Number(first) <= Number(last)) return problem;
  return { code: "bad-port", message: `the range ${value} ends before it begins` };
}

/** How many ports a range has; undefined where systemd fills it in. */
function rangeSize(value: string): number | undefined {
  if (isDeferred(value)) return undefined;
  const [first, last] = value.split("-", 2);
  return last === undefined ? 1 : Number(last) - Number(first) + 1;
}

/** The protocol behind a `/`. */
function checkProtocol(value: string, allowed: readonly string[]): Problem | undefined {
  if (isDeferred(value) || allowed.includes(value.toLowerCase())) return undefined;
  return { code: "bad-protocol", message: `${quoted(value)} is not a protocol`, hint: allowed.join(", ") };
}

/** `ExposeHostPort=`: `N`, `N-M`, with `/tcp` or `/udp`. */
export function checkExposedPort(value: string): Problem | undefined {
  const slash = value.indexOf("/");
  const ports = slash < 0 ? value : value.slice(0, slash);
  const protocol = slash < 0 ? undefined : checkProtocol(value.slice(slash + 1), PROTOCOLS);
  const problem = checkPortRange(ports) ?? shifted(protocol, slash + 1);
  return problem?.code === "bad-port"
    ? { ...problem, message: `invalid port format '${value}': ${problem.message}` }
    : problem;
}

/**
 * `PublishPort=`: `[[ip:][hostPort]:]containerPort[/protocol]`, IPv6 addresses in brackets, ranges of the same size.
 */
export function checkPublishPort(value: string): Problem | undefined {
  const slash = value.lastIndexOf("/");
  const ports = slash < 0 ? value : value.slice(0, slash);
  if (slash >= 0) {
    const problem = checkProtocol(value.slice(slash + 1), PROTOCOLS);
    if (problem !== undefined) return shifted(problem, slash + 1);
  }
  const fields = splitFields(ports);
  const container = fields[fields.length - 1];
  if (slash < 0 && container !== undefined && fields.length > 1 && PROTOCOLS.includes(container.text.toLowerCase())) {
    const message = "the protocol stands behind a slash";
    return {
      code: "bad-protocol",
      message,
      hint: `write ${value.slice(0, container.at - 1)}/${container.text}`,
      at: container.at,
    };
  }
  const host = fields[fields.length - 2];
  const address = fields[fields.length - 3];
  if (container === undefined || fields.length > 3) {
    return {
      code: "bad-port",
      message: `${quoted(value)} has too many parts`,
      hint: "write [[IP:]HOST:]CONTAINER[/PROTOCOL]",
    };
  }
  const addressProblem = address === undefined || address.text === "" ? undefined : checkPublishAddress(address.text);
  const hostProblem = host === undefined || host.text === "" ? undefined : checkPortRange(host.text);
  const problem =
    shifted(addressProblem, address?.at ?? 0) ??
    shifted(hostProblem, host?.at ?? 0) ??
    shifted(checkPortRange(container.text), container.at);
  if (problem !== undefined || host === undefined || host.text === "") return problem;
  const sizes = [rangeSize(host.text), rangeSize(container.text)];
  if (sizes.includes(undefined) || sizes[0] === sizes[1]) return undefined;
  return { code: "bad-port", message: `the ranges ${host.text} and ${container.text} differ in size`, at: host.at };
}

function checkPublishAddress(value: string): Problem | undefined {
  const bracketed = /^\[(.*)\]$/.exec(value)?.[1];
  if (isDeferred(value) || isIpv4(value) || (bracketed !== undefined && isIpv6(bracketed))) return undefined;
  return {
    code: "bad-address",
    message: `${quoted(value)} is not an IP address`,
    hint: "IPv6 in brackets: [::1]:80:80",
  };
}

interface Field {
  readonly text: string;
  readonly at: number;
}

/** Splits at colons, but not at those in brackets or in `${…}`. */
function splitFields(value: string): Field[] {
  const fields: Field[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at <= value.length; at++) {
    const character = value.charAt(at);
    if (character === "[" || character === "{") depth++;
    if (character === "]" || character === "}") depth--;
    if (at < value.length && (character !== ":" || depth > 0)) continue;
    fields.push({ text: value.slice(from, at), at: from });
    from = at + 1;
  }
  return fields;
}
