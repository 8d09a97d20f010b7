import { isIpv4, isIpv6 } from "./address.ts";
import { isDeferred, type Problem, quoted, shifted, splitAt, type ValueCheck } from "./check.ts";

/** A container's place in one network: what stands behind the name, `NAME:ip=…,alias=…`. */
export interface NetworkOptions {
  readonly aliases: readonly string[];
  readonly ips: readonly string[];
  readonly mac: string | undefined;
  readonly interfaceName: string | undefined;
}

/** Kinds of network that take nothing behind their name. */
const PLAIN: readonly string[] = ["host", "none"];

/** What stands for something else than a network of that name. */
const KINDS: readonly string[] = [...PLAIN, "bridge", "container", "ns", "pasta", "private", "slirp4netns"];

/** Who gives addresses. */
const IPAM_DRIVERS: readonly string[] = ["host-local", "dhcp", "none"];

/** What can be said of one network, and how it has to look. */
const OPTIONS: Readonly<Record<string, ValueCheck>> = {
  alias: checkNetworkAlias,
  ip: checkIp,
  ip6: checkIpv6,
  mac: checkMacAddress,
  interface_name: checkInterfaceName,
};

/**
 * `Network=`: `host`, `none`, `bridge` and `private` (the default network), `container:NAME`, `ns:PATH`, `pasta[:…]`,
 * or a network's name, the last and `bridge` with options. References to other units are looked at where the units are
 * known.
 */
export function checkNetwork(value: string): Problem | undefined {
  const { head, tail, tailAt } = splitAt(value, ":");
  if (isDeferred(head)) return undefined;
  if (/^["']/.test(value)) return bad(`${quoted(value)} is not a network`, "quotes belong to the value here");
  if (head === "slirp4netns") {
    return {
      code: "not-supported-yet",
      message: "Network=slirp4netns is not supported yet",
      hint: "pasta does the same",
    };
  }
  if (PLAIN.includes(head)) {
    return tail === undefined ? undefined : { ...bad(`Network=${head} takes no options`), at: tailAt };
  }
  if (head === "pasta") return tail === undefined ? undefined : shifted(checkPastaOptions(tail), tailAt);
  if (head === "container" || head === "ns") {
    if (tail === undefined || tail === "")
      return bad(
        `Network=${head} needs a ${head === "ns" ? "path" : "name"}`,
        `write ${head}:${head === "ns" ? "/PATH" : "NAME"}`,
      );
    if (head === "container" || tail.startsWith("/") || isDeferred(tail)) return undefined;
    return { ...bad(`${quoted(tail)} is not an absolute path`), at: tailAt };
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(head)) return bad(`${quoted(head)} is not a network`);
  return tail === undefined ? undefined : shifted(checkOptions(tail), tailAt);
}

/** `Network=` of a pod, which cannot be in a network that a container or somebody else has made. */
export function checkPodNetwork(value: string): Problem | undefined {
  const { head } = splitAt(value, ":");
  const kind = head.endsWith(".container") ? "container" : head;
  if (kind !== "container" && kind !== "ns") return checkNetwork(value);
  return {
    code: "not-supported-yet",
    message: `${quoted(kind)} as the network of a pod is not supported yet`,
    hint: "write it in containers that are in no pod",
  };
}

/** Whether the word stands for a kind of network, so that no network can be called that. */
export function isNetworkKind(word: string): boolean {
  return KINDS.includes(word) || word === "default";
}

/** Whether the word in front of the colon is a network's name. */
export function isNetworkName(head: string): boolean {
  return !KINDS.includes(head);
}

/** Whether a container can be in other networks besides: in all but the special ones. */
export function takesOthers(value: string): boolean {
  const { head } = splitAt(value, ":");
  return !PLAIN.includes(head) && head !== "container" && head !== "ns" && head !== "pasta";
}

function checkOptions(text: string): Problem | undefined {
  let at = 0;
  for (const option of text.split(",")) {
    const { head, tail, tailAt } = splitAt(option, "=");
    const check = OPTIONS[head];
    if (!isDeferred(option)) {
      if (check === undefined)
        return { ...bad(`a network has no option ${quoted(head)}`, Object.keys(OPTIONS).join(", ")), at };
      const problem = tail === undefined ? bad(`option ${head} needs a value`) : check(tail);
      if (problem !== undefined) return shifted(problem, at + (tail === undefined ? 0 : tailAt));
    }
    at += option.length + 1;
  }
  return undefined;
}

/** The options behind a network's name, checked before. */
export function splitNetworkOptions(text: string | undefined): NetworkOptions {
  const values = (wanted: string) =>
    (text ?? "").split(",").flatMap((option) => {
      const { head, tail } = splitAt(option, "=");
      return head === wanted && tail !== undefined ? [tail] : [];
    });
  return {
    aliases: values("alias"),
    ips: [...values("ip"), ...values("ip6")],
    mac: values("mac").at(-1),
    interfaceName: values("interface_name").at(-1),
  };
}

/** `IP=`. */
export function checkIpv4(value: string): Problem | undefined {
  return isDeferred(value) || isIpv4(value) ? undefined : notAn(value, "IPv4 address");
}

/** `IP6=`. */
export function checkIpv6(value: string): Problem | undefined {
  return isDeferred(value) || isIpv6(value) ? undefined : notAn(value, "IPv6 address");
}

/** An address of either kind, as the option `ip` takes. */
function checkIp(value: string): Problem | undefined {
  return isDeferred(value) || isIpv4(value) || isIpv6(value) ? undefined : notAn(value, "IP address");
}

/** Six pairs of hexadecimal digits; the lowest bit of the first says that it is a group's address. */
export function checkMacAddress(value: string): Problem | undefined {
  if (isDeferred(value)) return undefined;
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(value)) return notAn(value, "MAC address");
  if (Number.parseInt(value.charAt(1), 16) % 2 === 0) return undefined;
  return { code: "bad-address", message: `${quoted(value)} is a multicast MAC address` };
}

/** `NetworkAlias=`: one name, as a name server finds it. */
export function checkNetworkAlias(value: string): Problem | undefined {
  if (isDeferred(value) || /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,251}[a-zA-Z0-9_])?$/.test(value)) return undefined;
  return { code: "bad-alias", message: `${quoted(value)} is not a name that can be looked up` };
}

/** `DNSSearch=`: a domain, or `.` for none at all. `DNSOption=`: a word. */
export function checkResolverWord(value: string): Problem | undefined {
  if (isDeferred(value) || /^[^\s#;]+$/.test(value)) return undefined;
  return { code: "bad-resolver", message: `${quoted(value)} is not one word for resolv.conf` };
}

/** dev_valid_name() of the kernel, which counts up where a name has a % in it; lo is everybody's already. */
export function checkInterfaceName(value: string): Problem | undefined {
  if (isDeferred(value) || (/^[^\s/:%]{1,15}$/.test(value) && ![".", "..", "lo"].includes(value))) return undefined;
  return {
    code: "bad-interface",
    message: `${quoted(value)} is not a name for an interface`,
    hint: "at most 15 characters",
  };
}

function notAn(value: string, what: string): Problem {
  return { code: "bad-address", message: `${quoted(value)} is not an ${what}`.replace("an MAC", "a MAC") };
}

function bad(message: string, hint?: string): Problem {
  return hint === undefined ? { code: "bad-network", message } : { code: "bad-network", message, hint };
}

/**
 * Words that would keep pasta from going into the background, which tells that it is ready, or name another namespace.
 */
const MANAGED_BY_BERTH = /^(?:-f|--foreground|-d|--debug|--trace|--netns|--userns|--netns-only|-P|--pid)(?:=|$)/;

/** pasta's own options, divided by commas: `--mtu,1500`. What they mean is for pasta to say. */
function checkPastaOptions(text: string): Problem | undefined {
  let at = 0;
  for (const word of text.split(",")) {
    if (word === "") return { code: "bad-network", message: "an option of pasta's is missing", at };
    if (MANAGED_BY_BERTH.test(word))
      return { code: "bad-network", message: `${quoted(word)} of pasta's is managed by berth`, at };
    at += word.length + 1;
  }
  return undefined;
}

/** `IPAMDriver=`. */
export function checkIpamDriver(value: string): Problem | undefined {
  if (isDeferred(value) || IPAM_DRIVERS.includes(value)) return undefined;
  return { ...bad(`${quoted(value)} gives no addresses`, IPAM_DRIVERS.join(", ")), code: "bad-ipam-driver" };
}
