import { isDeferred, type Problem, quoted, shifted, splitAt } from "./check.ts";
import { isNetworkKind } from "./network.ts";

/** A host name fits in 64 bytes on Linux: sethostname(2). */
const HOST_NAME_MAX = 64;
/** A unit's name fits in 255 bytes: systemd.unit(5). */
const UNIT_NAME_MAX = 255;
/** The highest id but one is the last usable: (uid_t) -1 stands for "none". */
const ID_MAX = 0xfffffffe;

/** A container's name, as podman has it. */
export function checkContainerName(value: string): Problem | undefined {
  return checkResourceName("container", value);
}

/** A volume's name, as podman has it. */
export function checkVolumeName(value: string): Problem | undefined {
  return checkResourceName("volume", value);
}

/** A network's name, as podman has it. */
export function checkNetworkName(value: string): Problem | undefined {
  if (!isNetworkKind(value)) return checkResourceName("network", value);
  return { code: "bad-network-name", message: `${quoted(value)} is a kind of network, and so no name for one` };
}

/** A pod's name, as podman has it. */
export function checkPodName(value: string): Problem | undefined {
  return checkResourceName("pod", value);
}

function checkResourceName(what: string, value: string): Problem | undefined {
  // A specifier may stand for any part, so only the characters around it can be judged.
  const literal = isDeferred(value) ? value.replace(/%.|\$\{\w*\}|\$\w+/g, "x") : value;
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(literal)) return undefined;
  return {
    code: `bad-${what}-name`,
    message: `${quoted(value)} is not a ${what} name`,
    hint: "letters, digits, _ . and -, a letter or digit first",
  };
}

/** A host name: labels of letters, digits, hyphens and underscores between dots. */
export function checkHostName(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (value.length > HOST_NAME_MAX) {
    return { code: "bad-host-name", message: `host name of ${value.length} characters; ${HOST_NAME_MAX} fit` };
  }
  const label = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?";
  if (new RegExp(`^${label}(?:\\.${label})*$`).test(value)) return undefined;
  return { code: "bad-host-name", message: `${quoted(value)} is not a host name` };
}

/** `ServiceName=`: what is before `.service`. */
export function checkServiceName(value: string): Problem | undefined {
  const bad = (message: string, hint?: string): Problem =>
    hint === undefined ? { code: "bad-service-name", message } : { code: "bad-service-name", message, hint };
  if (value === "") return bad("the name of the service is empty");
  if (value.endsWith(".service")) return bad(`${quoted(value)} ends in .service`, "leave .service out");
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(value) || value.startsWith("@")) {
    return bad(`${quoted(value)} cannot be part of a unit's name`, "letters, digits, : - _ . \\ and one @");
  }
  if ((value.match(/@/g) ?? []).length > 1) return bad(`${quoted(value)} has more than one @`);
  if (value.length + ".service".length > UNIT_NAME_MAX) return bad(`longer than a unit's name can be`);
  return undefined;
}

/** A user or group: a name or a number. */
export function checkUser(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (/^\d+$/.test(value)) {
    if (Number(value) <= ID_MAX) return undefined;
    return { code: "bad-user", message: `${value} is out of the range of ids` };
  }
  if (/^[^\s:\-\x00-\x1f\x7f][^\s:\x00-\x1f\x7f]*$/.test(value)) return undefined;
  return { code: "bad-user", message: `${quoted(value)} is not a user or group` };
}

/** `User=`: a user, and after a colon a group, as podman takes them. */
export function checkUserAndGroup(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  const { head, tail, tailAt } = splitAt(value, ":");
  const problem = checkUser(head);
  if (problem !== undefined || tail === undefined || tail === "") return problem;
  return shifted(checkUser(tail), tailAt);
}

/** A user or group id where names mean nothing; `root` is 0. */
export function checkNumericId(value: string): Problem | undefined {
  if (value === "root" || (/^\d+$/.test(value) && Number(value) <= ID_MAX)) return undefined;
  return { code: "bad-id", message: `${quoted(value)} is not a user or group id`, hint: "write a number" };
}

/** `UID=` and `GID=` of a volume: a number, or what systemd fills in. */
export function checkOwnerId(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (value !== "root") return checkNumericId(value);
  return { code: "bad-id", message: `${quoted(value)} is not a user or group id`, hint: "write a number" };
}
