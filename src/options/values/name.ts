import { ID_LIMIT } from "../../id-map.ts";
import { DEFERRED, invalid, isDeferred, type Parsed, quoted, shifted, splitAt, valid } from "./check.ts";
import { isNetworkKind } from "./network.ts";

/** A host name fits in 64 bytes on Linux: sethostname(2). */
export const HOST_NAME_MAX = 64;
/** A unit's name fits in 255 bytes: systemd.unit(5). */
const UNIT_NAME_MAX = 255;

/** A container's name, as podman has it. */
export function parseContainerName(text: string): Parsed<string> {
  return parseResourceName("container", text);
}

/** A volume's name, as podman has it. */
export function parseVolumeName(text: string): Parsed<string> {
  return parseResourceName("volume", text);
}

/** A network's name, as podman has it. */
export function parseNetworkName(text: string): Parsed<string> {
  if (!isNetworkKind(text)) return parseResourceName("network", text);
  return invalid("bad-network-name", `${quoted(text)} is a kind of network, and so no name for one`);
}

/** A pod's name, as podman has it. */
export function parsePodName(text: string): Parsed<string> {
  return parseResourceName("pod", text);
}

function parseResourceName(what: string, text: string): Parsed<string> {
  const deferred = isDeferred(text);
  // A specifier may stand for any part, so only the characters around it can be judged.
  const literal = deferred ? text.replace(/%.|\$\{\w*\}|\$\w+/g, "x") : text;
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(literal)) return deferred ? DEFERRED : valid(text);
  const hint = "letters, digits, _ . and -, a letter or digit first";
  return invalid(`bad-${what}-name`, `${quoted(text)} is not a ${what} name`, { hint });
}

/**
 * A name with a unit's instance in it, which may hold what a container's name cannot (addresses of a connection,
 * `\x2d`): an underscore takes the place of such a character. It becomes the name of a folder, so `.` and `..` are
 * none.
 */
export function parseNameInUnit(text: string): Parsed<string> {
  const replaced = text.replace(/[^A-Za-z0-9_.-]/g, "_");
  return /^\.{0,2}$/.test(replaced) ? invalid("bad-flag", "not a container name") : valid(replaced);
}

/** A host name: labels of letters, digits, hyphens and underscores between dots. */
export function parseHostName(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  if (text.length > HOST_NAME_MAX)
    return invalid("bad-host-name", `host name of ${text.length} characters; ${HOST_NAME_MAX} fit`);
  const label = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?";
  if (new RegExp(`^${label}(?:\\.${label})*$`).test(text)) return valid(text);
  return invalid("bad-host-name", `${quoted(text)} is not a host name`);
}

/** `ServiceName=`: the part before `.service`. */
export function parseServiceName(text: string): Parsed<string> {
  const bad = (message: string, hint?: string) =>
    invalid("bad-service-name", message, hint === undefined ? {} : { hint });
  if (text === "") return bad("the name of the service is empty");
  if (text.endsWith(".service")) return bad(`${quoted(text)} ends in .service`, "leave .service out");
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(text) || text.startsWith("@"))
    return bad(`${quoted(text)} cannot be part of a unit's name`, "letters, digits, : - _ . \\ and one @");
  if ((text.match(/@/g) ?? []).length > 1) return bad(`${quoted(text)} has more than one @`);
  if (text.length + ".service".length > UNIT_NAME_MAX) return bad(`longer than a unit's name can be`);
  return valid(text);
}

/** A user or group, as it was written: a name or a number. */
export function parseUser(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  if (/^\d+$/.test(text))
    return Number(text) < ID_LIMIT ? valid(text) : invalid("bad-user", `${text} is out of the range of ids`);
  if (/^[^\s:\-\x00-\x1f\x7f][^\s:\x00-\x1f\x7f]*$/.test(text)) return valid(text);
  return invalid("bad-user", `${quoted(text)} is not a user or group`);
}

/** `User=`, as it was written: a user, and after a colon a group, as podman takes them. */
export function parseUserAndGroup(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  const { head, tail, tailAt } = splitAt(text, ":");
  const user = parseUser(head);
  if (!("value" in user)) return user;
  const group = tail === undefined || tail === "" ? user : shifted(parseUser(tail), tailAt);
  return "value" in group ? valid(text) : group;
}

/** A user or group id where names mean nothing; `root` is 0. */
export function parseNumericId(text: string): Parsed<number> {
  if (text === "root") return valid(0);
  if (/^\d+$/.test(text) && Number(text) < ID_LIMIT) return valid(Number(text));
  return invalid("bad-id", `${quoted(text)} is not a user or group id`, { hint: "write a number" });
}

/** `UID=` and `GID=` of a volume: a number, or what systemd fills in. */
export function parseOwnerId(text: string): Parsed<number> {
  if (isDeferred(text)) return DEFERRED;
  if (text !== "root") return parseNumericId(text);
  return invalid("bad-id", `${quoted(text)} is not a user or group id`, { hint: "write a number" });
}
