import { parseIpAddress, parseIpv6 } from "./address.ts";
import {
  DEFERRED,
  invalid,
  isDeferred,
  type Parsed,
  quoted,
  shifted,
  splitAt,
  splitList,
  type ValueParser,
  valid,
} from "./check.ts";

/** The bridge network of containers that ask for none in particular. */
export const DEFAULT_NETWORK = "berth";

/** A container's options in one network, behind its name: `NAME:ip=…,alias=…`. */
export interface NetworkOptions {
  readonly aliases: readonly string[];
  readonly ips: readonly string[];
  readonly mac: string | undefined;
  readonly interfaceName: string | undefined;
}

/** A `Network=`. */
export type NetworkValue =
  | { readonly kind: "host" | "none" }
  | { readonly kind: "container"; readonly name: string }
  | { readonly kind: "ns"; readonly path: string }
  | { readonly kind: "pasta"; readonly options: readonly string[] }
  /** The scope's default; `words` are the options as pasta would take them, where that is the default. */
  | { readonly kind: "default"; readonly options: NetworkOptions; readonly words: readonly string[] }
  | { readonly kind: "name"; readonly name: string; readonly options: NetworkOptions };

/** Kinds of network without options. */
const PLAIN: readonly string[] = ["host", "none"];

/** Words that mean something else than a network of that name. */
const KINDS: readonly string[] = [...PLAIN, "bridge", "container", "ns", "pasta", "private", "slirp4netns"];

/** The drivers of netavark itself; any other is a plugin's. */
export const NETWORK_DRIVERS = ["bridge", "macvlan", "ipvlan"] as const;
export type NetworkDriver = (typeof NETWORK_DRIVERS)[number];

/** What gives addresses: berth, or a DHCP server of the network that the interface is in. */
export const IPAM_DRIVERS = ["host-local", "dhcp", "none"] as const;
export type IpamDriver = (typeof IPAM_DRIVERS)[number];

/** The options of one network, and the grammar of each. */
const OPTIONS: Readonly<Record<string, ValueParser<string>>> = {
  alias: parseNetworkAlias,
  ip: parseIpAddress,
  ip6: parseIpv6,
  mac: parseMacAddress,
  interface_name: parseInterfaceName,
};

/**
 * `Network=`: `host`, `none`, `bridge` and `private` (the default network), `container:NAME`, `ns:PATH`, `pasta[:…]`,
 * or a network's name, the last and `bridge` with options. References to other units are looked at where the units are
 * known.
 */
export function parseNetwork(text: string): Parsed<NetworkValue> {
  const { head, tail, tailAt } = splitAt(text, ":");
  if (isDeferred(head)) return DEFERRED;
  if (/^["']/.test(text)) return bad(`${quoted(text)} is not a network`, "quotes belong to the value here");
  const special = Object.hasOwn(SPECIAL, head) ? SPECIAL[head] : undefined;
  if (special !== undefined) return special(tail, tailAt);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(head)) return bad(`${quoted(head)} is not a network`);
  const options = tail === undefined ? valid(NO_OPTIONS) : shifted(parseOptions(tail), tailAt);
  if (!("value" in options)) return options;
  if (head === "private" || head === "default")
    return valid({ kind: "default", options: options.value, words: tail ? tail.split(",") : [] });
  return valid({ kind: "name", name: head === "bridge" ? DEFAULT_NETWORK : head, options: options.value });
}

/** The kinds of network without options of a network: what is behind the colon, and where it begins. */
const SPECIAL: Readonly<Record<string, (tail: string | undefined, tailAt: number) => Parsed<NetworkValue>>> = {
  host: (tail, at) => parsePlain("host", tail, at),
  none: (tail, at) => parsePlain("none", tail, at),
  pasta: (tail, at) => shifted(parsePastaOptions(tail), at),
  slirp4netns: () =>
    invalid("not-supported-yet", "Network=slirp4netns is not supported yet", { hint: "pasta does the same" }),
  container: (tail) =>
    tail ? valid({ kind: "container", name: tail }) : bad("Network=container needs a name", "write container:NAME"),
  ns: parseNamespacePath,
};

function parsePlain(kind: "host" | "none", tail: string | undefined, at: number): Parsed<NetworkValue> {
  return tail === undefined ? valid({ kind }) : shifted(bad(`Network=${kind} takes no options`), at);
}

function parseNamespacePath(path: string | undefined, at: number): Parsed<NetworkValue> {
  if (path?.startsWith("/")) return valid({ kind: "ns", path });
  if (!path) return bad("Network=ns needs a path", "write ns:/PATH");
  return isDeferred(path) ? DEFERRED : shifted(bad(`${quoted(path)} is not an absolute path`), at);
}

/** `Network=` of a pod, which cannot be in a network that a container or another program has made. */
export function parsePodNetwork(text: string): Parsed<NetworkValue> {
  const { head } = splitAt(text, ":");
  const kind = head.endsWith(".container") ? "container" : head;
  if (kind !== "container" && kind !== "ns") return parseNetwork(text);
  const hint = "write it in containers that are in no pod";
  return invalid("not-supported-yet", `${quoted(kind)} as the network of a pod is not supported yet`, { hint });
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

const NO_OPTIONS: NetworkOptions = { aliases: [], ips: [], mac: undefined, interfaceName: undefined };

function parseOptions(text: string): Parsed<NetworkOptions> {
  const found: { readonly name: string; readonly value: string }[] = [];
  let deferred = false;
  for (const { text: option, at } of splitList(text)) {
    const parsed = parseOption(option);
    if ("problem" in parsed) return shifted(parsed, at);
    if ("value" in parsed) found.push(parsed.value);
    else deferred = true;
  }
  if (deferred) return DEFERRED;
  const values = (wanted: string) => found.flatMap(({ name, value }) => (name === wanted ? [value] : []));
  return valid({
    aliases: values("alias"),
    ips: [...values("ip"), ...values("ip6")],
    mac: values("mac").at(-1),
    interfaceName: values("interface_name").at(-1),
  });
}

function parseOption(option: string): Parsed<{ readonly name: string; readonly value: string }> {
  if (isDeferred(option)) return DEFERRED;
  const { head: name, tail, tailAt } = splitAt(option, "=");
  const parse = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (parse === undefined) return bad(`a network has no option ${quoted(name)}`, Object.keys(OPTIONS).join(", "));
  if (tail === undefined) return bad(`option ${name} needs a value`);
  const parsed = shifted(parse(tail), tailAt);
  return "value" in parsed ? valid({ name, value: parsed.value }) : parsed;
}

/** Six pairs of hexadecimal digits; the lowest bit of the first says that it is a group's address. */
export function parseMacAddress(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text))
    return invalid("bad-address", `${quoted(text)} is not a MAC address`);
  if (Number.parseInt(text.charAt(1), 16) % 2 === 0) return valid(text);
  return invalid("bad-address", `${quoted(text)} is a multicast MAC address`);
}

/** `NetworkAlias=`: one name, as a name server finds it. */
export function parseNetworkAlias(text: string): Parsed<string> {
  if (/^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,251}[a-zA-Z0-9_])?$/.test(text)) return valid(text);
  return isDeferred(text) ? DEFERRED : invalid("bad-alias", `${quoted(text)} is not a name that can be looked up`);
}

/** `DNSSearch=`: a domain, or `.` for none at all. `DNSOption=`: a word. */
export function parseResolverWord(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  if (/^[^\s#;]+$/.test(text)) return valid(text);
  return invalid("bad-resolver", `${quoted(text)} is not one word for resolv.conf`);
}

/** dev_valid_name() of the kernel, which counts up where a name has a % in it; every namespace has lo already. */
export function parseInterfaceName(text: string): Parsed<string> {
  if (isDeferred(text)) return DEFERRED;
  if (/^[^\s/:%]{1,15}$/.test(text) && ![".", "..", "lo"].includes(text)) return valid(text);
  const hint = "at most 15 characters";
  return invalid("bad-interface", `${quoted(text)} is not a name for an interface`, { hint });
}

/** `IPAMDriver=`. */
export function parseIpamDriver(text: string): Parsed<IpamDriver> {
  const driver = IPAM_DRIVERS.find((name) => name === text);
  if (driver !== undefined) return valid(driver);
  if (isDeferred(text)) return DEFERRED;
  return invalid("bad-ipam-driver", `${quoted(text)} gives no addresses`, { hint: IPAM_DRIVERS.join(", ") });
}

/**
 * Words that would keep pasta from going into the background, which is how it reports that it is ready, or name another
 * namespace.
 */
const MANAGED_BY_BERTH = /^(?:-f|--foreground|-d|--debug|--trace|--netns|--userns|--netns-only|-P|--pid)(?:=|$)/;

/** pasta's own options, divided by commas: `--mtu,1500`. Only pasta judges them. */
function parsePastaOptions(text: string | undefined): Parsed<NetworkValue> {
  if (text === undefined) return valid({ kind: "pasta", options: [] });
  const words = splitList(text);
  for (const { text: word, at } of words) {
    if (word === "") return invalid("bad-network", "an option of pasta's is missing", { at });
    if (MANAGED_BY_BERTH.test(word))
      return invalid("bad-network", `${quoted(word)} of pasta's is managed by berth`, { at });
  }
  return valid({ kind: "pasta", options: words.map(({ text: word }) => word) });
}

function bad(message: string, hint?: string): ReturnType<typeof invalid> {
  return invalid("bad-network", message, hint === undefined ? {} : { hint });
}
