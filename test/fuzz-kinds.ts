// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.

import { readTemplate, renderTemplate } from "../src/cli/output/go-template.ts";
import { TemplateError } from "../src/cli/output/go-template-parser.ts";
import { BerthError } from "../src/error.ts";
import { generate } from "../src/generator/generate.ts";
import { parseImageConfig } from "../src/image/document/image-config.ts";
import { parseDocument, referencesIn } from "../src/image/document/manifest.ts";
import { toLayerEntry } from "../src/image/layer/entry.ts";
import { localCandidates, parseReference } from "../src/image/reference.ts";
import { parseChallenges } from "../src/image/registry/auth.ts";
import { parseIndexFile } from "../src/image/store/index-file.ts";
import { parsePullSource } from "../src/image/transport/pull-source.ts";
import { checkPolicy } from "../src/image/trust/policy.ts";
import { parseRegistriesConf } from "../src/image/trust/registries-conf.ts";
import { parseMount } from "../src/options/values/mount/mount.ts";
import { parseTmpfs } from "../src/options/values/mount/tmpfs.ts";
import { parseVolume } from "../src/options/values/volume.ts";
import { givenAddresses } from "../src/runtime/network/connect/netavark-result.ts";
import { missingEntries, resolveUser } from "../src/runtime/users/container-user.ts";
import { StateError } from "../src/state/error.ts";
import { networkDefinitionFields } from "../src/state/network-definition.ts";
import { recordFormat } from "../src/state/record-format.ts";
import { TarReader } from "../src/tar/reader.ts";
import { parseSparseMap } from "../src/tar/sparse.ts";
import { type Member, paxRecords, tar } from "./image/support/tar.ts";
import { mutate } from "./unit/mutation.ts";
import type { Random } from "./unit/random.ts";

/** Whether an error is an answer; any other is a fault of berth's. */
export function isAnswer(error: unknown): error is Error {
  return error instanceof BerthError || error instanceof TemplateError;
}

const words = (text: string): readonly string[] => text.split(" ");

const PIECES: readonly string[] = [
  ...words("/ : @ . .. , ; = - _ 0 1 -1 65536 a web x.y %i ${X} ~ * \" ' \\ \n \0 é 😀"),
  ...words("localhost registry.example sha256:00 :5000 /dev /proc type=tmpfs type=volume src=a dst=/x ro size=1m O U"),
  ...words("docker:// oci: oci-archive: dir: Bearer Basic realm= service=x"),
  " ",
  "root:x:0:0::/:\n",
  "4294967296",
  "__proto__",
];
const textOf = (random: Random) => random.text(PIECES, 8);

const KEYS = words(
  "Image Exec Volume Mount Tmpfs PublishPort Network Environment User UserNS Pod Secret Ulimit Sysctl Label PodmanArgs IP Device",
);
function sectionOf(random: Random): Buffer {
  const lines = Array.from({ length: random.below(6) }, () => `${random.pick(KEYS)}=${textOf(random)}\n`);
  return Buffer.from(`[${random.pick(words("Container Volume Network Pod Service"))}]\nImage=web:1\n${lines.join("")}`);
}
const unitText = (random: Random) => (random.below(4) === 0 ? mutate(random) : sectionOf(random));

/** Up to three files that may name each other, with up to two drop-ins each. */
function generateSet(random: Random): void {
  const sources = words("a b c@")
    .slice(0, 1 + random.below(3))
    .map((stem) => {
      const name = `${stem}.${random.pick(words("container volume network pod image"))}`;
      const dropIns = Array.from({ length: random.below(3) }, (_, at) => ({
        path: `/q/${name}.d/${at}.conf`,
        shownPath: `${name}.d/${at}.conf`,
        content: unitText(random),
      }));
      return { name, path: `/q/${name}`, shownPath: name, content: unitText(random), dropIns };
    });
  const scope = random.pick(["system", "user"] as const);
  const { diagnostics } = generate(sources, { scope, berth: "/berth" });
  const internal = diagnostics.find(({ code }) => code === "internal-error");
  if (internal !== undefined) throw new Error(internal.message);
}

const MEMBERS = [
  ...words("schemaVersion mediaType config layers manifests digest size annotations platform os architecture rootfs"),
  ...words("diff_ids Env Cmd Entrypoint User Volumes Labels WorkingDir ExposedPorts history __proto__ created"),
  ...words(
    "interfaces subnets ipnet gateway dns_server_ips name id driver options labels lease_range start_ip version",
  ),
  ...words("default transports docker type registry prefix location blocked mirror"),
];
/** Any JSON value of a few levels, with the members that berth's documents have. */
function anyValue(random: Random, depth: number): unknown {
  const kind = random.below(depth === 0 ? 6 : 9);
  if (kind === 0) return null;
  if (kind === 1) return random.pick([0, -1, 2, 1e21, 2 ** 53, 0.5]);
  if (kind === 2) return random.below(2) === 0;
  if (kind < 6) return textOf(random);
  const values = Array.from({ length: random.below(5) }, () => anyValue(random, depth - 1));
  return kind === 6 ? values : Object.fromEntries(values.map((value) => [random.pick(MEMBERS), value]));
}

const DIGEST = `sha256:${"a".repeat(64)}`;
const DESCRIPTOR = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: DIGEST, size: 7 };
const MANIFEST = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { ...DESCRIPTOR, mediaType: "application/vnd.oci.image.config.v1+json" },
  layers: [DESCRIPTOR, DESCRIPTOR],
};
const INDEX = {
  schemaVersion: 2,
  manifests: [
    {
      ...DESCRIPTOR,
      mediaType: MANIFEST.mediaType,
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
      annotations: { "org.opencontainers.image.ref.name": "web:1" },
    },
  ],
};
const CONFIG = {
  architecture: "amd64",
  os: "linux",
  created: "2024-01-01T00:00:00Z",
  config: {
    User: "app",
    Env: ["A=b"],
    Entrypoint: ["a"],
    Cmd: ["b"],
    WorkingDir: "/",
    Labels: { a: "b" },
    Volumes: { "/v": {} },
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "9",
  },
  rootfs: { type: "layers", diff_ids: [DIGEST] },
  history: [{ created_by: "x", empty_layer: true }],
};
const STATUS = {
  web: {
    interfaces: { eth0: { subnets: [{ ipnet: "10.0.0.2/24", gateway: "10.0.0.1" }], mac_address: "a" } },
    dns_server_ips: ["192.0.2.1"],
    dns_search_domains: ["x"],
  },
};
const DEFINITION = {
  name: "web",
  id: "a".repeat(64),
  driver: "bridge",
  network_interface: "berth1",
  created: "2024-01-01T00:00:00Z",
  subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", lease_range: { start_ip: "10.0.0.2", end_ip: "10.0.0.9" } }],
  ipam_options: { driver: "host-local" },
  labels: { a: "b" },
  options: { mtu: "9000" },
};
const POLICY = {
  default: [{ type: "reject" }],
  transports: { docker: { "registry.example": [{ type: "insecureAcceptAnything" }] } },
};

/** A document with some of its values exchanged and some of its members under other names. */
function altered(random: Random, value: unknown): unknown {
  if (random.below(12) === 0) return anyValue(random, 2);
  if (Array.isArray(value)) return value.map((item) => altered(random, item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, item]) => [random.below(30) === 0 ? random.pick(MEMBERS) : name, altered(random, item)] as const,
  );
  return Object.fromEntries(entries);
}

/** A text with some of its characters gone, doubled, or between pieces of another kind. */
function cut(random: Random, text: string, pieces: readonly string[] = PIECES): string {
  let changed = text;
  for (let changes = random.below(5); changes > 0; changes--) {
    const at = random.below(changed.length + 1);
    const piece = random.below(4) === 0 ? changed.slice(at, at + 20) : random.pick(pieces);
    changed = changed.slice(0, at) + piece + changed.slice(at + random.below(5));
  }
  return changed;
}

/** The text of a document: mostly JSON with odd values, sometimes hardly JSON, sometimes any JSON at all. */
function documentText(random: Random, document: object): string {
  const kind = random.below(8);
  if (kind === 0) return cut(random, JSON.stringify(document));
  return JSON.stringify(kind === 1 ? anyValue(random, 3) : altered(random, document));
}

const refuse = (why: string): never => {
  throw new StateError("corrupt-record", why);
};
const definitions = recordFormat({ noun: "network", verb: "made", remedy: "remove it" }, networkDefinitionFields);

const SETTINGS =
  '[[registry]]\nprefix = "*.example"\nlocation = "a"\nblocked = true\n[[registry.mirror]]\nlocation = "b"\n';
const SETTING_PIECES = [...words('[ ] [[ ]] = " # true [[registry]] blocked mirror insecure 1 { }'), "\n", "'''"];

const TEMPLATES: readonly string[] = [
  "{{.Names}}",
  "{{json .}}",
  "{{range .Ports}}{{.}}{{end}}",
  "{{if .Id}}x{{else if .Tags}}y{{else}}z{{end}}",
  "{{$x := .Config}}{{$x.User}}",
  "table {{.Id}}\\t{{.Names}}",
  '{{printf "%-8s %d" .Id 5}}',
  "{{with .Config}}{{.User}}{{end}}",
  "{{index .Tags 0}}{{index .Labels `a`}}",
  "{{.Tags | json | len}}",
  "{{range $key, $value := .Labels}}{{$key}}={{$value}}{{end}}",
  '{{join .Tags ","}}{{upper .Id}}{{truncate .Id 3}}',
  "{{eq 1 2}}{{and .Id (not .Tags)}}{{lt .Id .Id}}",
];
const TEMPLATE_PIECES: readonly string[] = [
  ...words(
    "{{ }} - | ( ) . $ $x := range end if else with json index printf join split slice len title \" ` ' \\ eq lt",
  ),
  ...words(
    "and or not %1000000000d %s %v %q 0 -1 1e9 .constructor .__proto__ toString template define nil true .Id .Tags",
  ),
  "{{- ",
  " -}}",
  " ",
];
const DATA = {
  Id: "abc",
  Names: ["n"],
  Config: { User: "app", Empty: null },
  Tags: ["a", "b"],
  Ports: [80, 443],
  Labels: { a: "b", "": "c" },
  Method: () => "called",
};

const TYPES = "0\x0a5346xgLKS7VNDZ";
const NUMBERS = [
  "",
  "0",
  "-1",
  "777",
  "9".repeat(11),
  "\x80",
  "\x81\0\0\x01",
  "\xff".repeat(12),
  "x",
  " 12 ",
  "1\x002",
];
const FIELDS = [0, 100, 108, 116, 124, 136, 156, 157, 257, 263, 329, 337, 345, 482];
const PAX_KEYS = [
  ...words("path linkpath size mtime uid gid SCHILY.xattr.user.a GNU.sparse.major GNU.sparse.minor GNU.sparse.size"),
  ...words("GNU.sparse.map GNU.sparse.realsize GNU.sparse.name GNU.sparse.offset GNU.sparse.numbytes __proto__"),
];
const PAX_VALUES = [
  "",
  "1",
  "0",
  "12.5",
  "-1",
  "1e30",
  "a/../b",
  "/x",
  "..",
  "0,1,2",
  "0,2,1,2",
  "9".repeat(15),
  "\xff\0",
];

function anyMember(random: Random): Member {
  const records = Array.from(
    { length: random.below(4) },
    () => [random.pick(PAX_KEYS), random.pick(PAX_VALUES)] as const,
  );
  const type = random.pick(TYPES);
  return {
    name: random.pick(["a", "a/b", "dir/", ".wh.a", "..", "/x", "", "n".repeat(100)]),
    type,
    link: random.pick(["", "a", "../..", "/"]),
    mode: random.below(0o10000),
    data: "xgLK".includes(type) ? paxRecords(records) : "d".repeat(random.below(700)),
    ...(random.below(3) === 0 ? { pax: records } : {}),
    ...(random.below(12) === 0 ? { size: random.below(1500) } : {}),
    fields: Array.from(
      { length: random.below(5) === 0 ? 1 + random.below(2) : 0 },
      () => [random.pick(FIELDS), Buffer.from(random.pick(NUMBERS), "latin1")] as const,
    ),
  };
}

/** Reads an archive in pieces of any size, to the end or to the first fault. */
async function readTar(random: Random): Promise<void> {
  let archive = tar(Array.from({ length: 1 + random.below(5) }, () => anyMember(random)));
  const flips = random.below(4) === 0 ? 1 + random.below(3) : 0;
  for (let flip = 0; flip < flips; flip++) archive[random.below(archive.length)] = random.below(256);
  if (random.below(8) === 0) archive = archive.subarray(0, random.below(archive.length));
  const reader = new TarReader({
    begin: (member) => {
      toLayerEntry(member);
      parseSparseMap(member.pax);
    },
    data: () => {},
    end: () => {},
  });
  try {
    const piece = 1 + random.below(3000);
    for (let at = 0; at < archive.length; at += piece) await reader.write(archive.subarray(at, at + piece));
    reader.finish();
  } finally {
    reader.destroy();
  }
}

/** Makes one input of each kind and gives it to what reads that kind. */
export const KINDS: Readonly<Record<string, (random: Random) => void | Promise<void>>> = {
  "sets of unit files": generateSet,
  references: (random) => {
    const text = random.below(2) === 0 ? textOf(random) : cut(random, `registry.example:5000/team/app:1@${DIGEST}`);
    localCandidates(text);
    parsePullSource(text);
    parseReference(text);
  },
  values: (random) => {
    parseVolume(textOf(random));
    parseMount(textOf(random));
    parseTmpfs(textOf(random));
  },
  "challenges of registries": (random) => {
    parseChallenges(cut(random, 'Bearer realm="https://a.example/t",service="x", Basic realm="y"'));
  },
  manifests: (random) => {
    const bytes = Buffer.from(documentText(random, random.pick([MANIFEST, INDEX])));
    parseDocument(bytes, random.below(2) === 0 ? MANIFEST.mediaType : undefined);
    referencesIn(bytes);
  },
  "configurations of images": (random) => {
    parseImageConfig(Buffer.from(documentText(random, CONFIG)));
  },
  "indexes of a store": (random) => {
    parseIndexFile(Buffer.from(documentText(random, INDEX)), refuse);
  },
  "answers of netavark": (random) => {
    givenAddresses(documentText(random, STATUS));
  },
  "definitions of networks": (random) => {
    definitions.parse(documentText(random, DEFINITION), "web", "/web.json");
  },
  "settings of registries": (random) => {
    parseRegistriesConf(cut(random, SETTINGS, SETTING_PIECES), "/registries.conf");
  },
  policies: (random) => {
    checkPolicy(documentText(random, POLICY), "/policy.json", { transport: "docker", name: "registry.example/a:1" });
  },
  templates: (random) => {
    renderTemplate(readTemplate(cut(random, random.pick(TEMPLATES), TEMPLATE_PIECES)), DATA);
  },
  "tar archives": readTar,
  "databases of users": (random) => {
    const database = { passwd: textOf(random), group: textOf(random) };
    missingEntries(textOf(random), database, "/");
    resolveUser(textOf(random), database);
  },
};
