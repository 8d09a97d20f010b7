import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import { NO_CREDENTIALS, pullFrom, refusedFrom } from "../support/pulling.ts";
import { OCI_INDEX, OCI_MANIFEST, TestRegistry } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { file, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
/** Milliseconds of silence. */
const STALL = 300;
const MEBIBYTE = 2 ** 20;

const registry = new TestRegistry();
/** Another origin, which would take what it is given. */
const stranger = new TestRegistry();
beforeAll(async () => {
  await registry.start();
  await stranger.start();
});
afterAll(async () => {
  await registry.stop();
  await stranger.stop();
});
beforeEach(() => {
  for (const one of [registry, stranger]) {
    one.intercept = () => false;
    one.requests.length = 0;
  }
  registry.putImage("1", { layers: [LAYER], compress: (bytes) => bytes });
});

const LAYER = tar([file("motd", "x".repeat(4000))]);
const manifest = () => registry.manifests.get("1")?.bytes ?? Buffer.alloc(0);
const layerDigest = () => /"sha256:[0-9a-f]{64}","size":\d+\}\]/.exec(manifest().toString())?.[0].slice(1, 72) ?? "";

/** An answer in place of the registry's own; false leaves it to the registry. */
type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;
type Part = "manifests" | "blobs" | "layer" | "all";
/** What comes of it: the error's code, or that the image is pulled. */
type Scenario = readonly [name: string, part: Part, answer: Answer, outcome: string];

const send =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: () => string | Buffer = () => ""): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body());
const location =
  (to: (path: string) => string): Answer =>
  (response, { url = "" }) =>
    raw(`HTTP/1.1 307 X\r\nLocation: ${to(url)}\r\nContent-Length: 0\r\n\r\n`)(response, { url } as IncomingMessage);
/** Bytes on the connection, as no library would send them. */
const raw =
  (text: string | (() => string), ends = true): Answer =>
  (response) => {
    const bytes = Buffer.from(typeof text === "string" ? text : text(), "latin1");
    return ends ? response.socket?.end(bytes) : response.socket?.write(bytes);
  };
/** The same bytes again and again, until the other side has had enough. */
const endless =
  (head: string, piece: string): Answer =>
  ({ socket }) => {
    const bytes = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
    socket?.write(head);
    const timer = setInterval(() => socket?.write(bytes), 1);
    for (const event of ["close", "error"]) socket?.on(event, () => clearInterval(timer));
  };
const challenge = (value: string): Answer => send(401, { "www-authenticate": value });
const realm = (address: string) => challenge(`Bearer realm="${address}",service="s",scope="x"`);
const altered = (change: (text: string) => string): Answer =>
  send(200, { "content-type": OCI_MANIFEST }, () => change(manifest().toString()));
const layerBytes = () => registry.blobs.get(layerDigest()) ?? Buffer.alloc(0);
const OK = "HTTP/1.1 200 OK\r\n";
const html = "<html><body>Log in to the guests' network</body></html>";
/** A blob that breaks off after its first half, and the answer to who asks for the rest. */
const resumed =
  (rest: Answer): Answer =>
  (response, request) => {
    if (request.headers.range !== undefined) return rest(response, request);
    return raw(() => `${OK}Content-Length: ${layerBytes().length}\r\n\r\n${layerBytes().toString("latin1", 0, 2000)}`)(
      response,
      request,
    );
  };
const evil = () => Buffer.alloc(layerBytes().length - 2000, "E");

const REDIRECTS: readonly Scenario[] = [
  ["to itself", "manifests", location((path) => path), "protocol"],
  ["to itself, of a blob", "layer", location((path) => path), "protocol"],
  ["to a file", "manifests", location(() => "file:///etc/shadow"), "protocol"],
  ["to another protocol", "manifests", location(() => "ftp://127.0.0.1/x"), "protocol"],
  ["to a socket", "manifests", location(() => "unix:///run/systemd/private"), "protocol"],
  ["to a script", "manifests", location(() => "javascript:alert(1)"), "protocol"],
  ["to data", "manifests", location(() => "data:application/json,%7B%7D"), "protocol"],
  ["with a login", "manifests", location((path) => `http://u:p@${stranger.host}${path}`), "unauthorized"],
  ["to no address", "manifests", location(() => "http://[::1"), "protocol"],
  ["to no port", "manifests", location(() => "http://127.0.0.1:99999/"), "protocol"],
  ["to port 0", "manifests", location(() => "http://127.0.0.1:0/"), "network"],
  ["to nowhere", "manifests", location(() => ""), "protocol"],
  ["without a place", "manifests", send(302), "registry"],
  ["with a terminal's controls", "manifests", location(() => `http://${stranger.host}/\x1b[31m`), "network"],
  ["to the same name elsewhere", "manifests", location((path) => `//${stranger.host}${path}`), "unauthorized"],
  ["of a blob to one who has it not", "layer", location((path) => `http://${stranger.host}${path}`), "unauthorized"],
  ["up and up", "manifests", location(() => "/v2/../../../etc/passwd"), "not-found"],
  ["to a stranger who asks for a login", "layer", location(() => `http://${stranger.host}/login`), "unauthorized"],
];
const CHALLENGES: readonly Scenario[] = [
  ["from a file", "all", realm("file:///etc/shadow"), "protocol"],
  ["by another protocol", "all", realm("ftp://127.0.0.1/token"), "protocol"],
  ["from no address", "all", realm("::::"), "protocol"],
  ["from nowhere", "all", realm(""), "protocol"],
  ["with a login", "all", realm("http://u:SECRET@127.0.0.1:1/token"), "network"],
  ["from a socket", "all", realm("unix:///run/systemd/private"), "protocol"],
  ["from data", "all", realm("data:application/json,%7B%22token%22%3A%22x%22%7D"), "protocol"],
  [
    "with a terminal's controls",
    "all",
    raw('HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer realm="http://127.0.0.1:1/\x1b[31m"\r\n\r\n'),
    "network",
  ],
  ["of no known kind", "all", challenge("Negotiate abc"), "unauthorized"],
  ["that is none", "all", send(401), "unauthorized"],
  ["that cannot be parsed", "all", challenge('Bearer realm="'), "unauthorized"],
  ["for a password that nobody has", "all", challenge('Basic realm="x"'), "unauthorized"],
];
const MANIFESTS: readonly Scenario[] = [
  ["a page to log in", "manifests", send(200, { "content-type": "text/html" }, () => html), "bad-manifest"],
  ["nothing", "manifests", send(200, { "content-type": OCI_MANIFEST }), "bad-manifest"],
  ["blanks", "manifests", send(200, { "content-type": OCI_MANIFEST }, () => " ".repeat(5 * MEBIBYTE)), "too-large"],
  ["zeros", "manifests", altered(() => "\0".repeat(100)), "bad-manifest"],
  ["lists in lists", "manifests", altered(() => "[".repeat(2 * MEBIBYTE)), "bad-manifest"],
  ["objects in objects", "manifests", altered(() => '{"a":'.repeat(MEBIBYTE / 4)), "bad-manifest"],
  ["a negative size", "manifests", altered((text) => text.replace(/"size":\d+/, '"size":-1')), "bad-manifest"],
  [
    "a size that no number holds",
    "manifests",
    altered((text) => text.replace(/"size":\d+\}\]/, '"size":9007199254740993}]')),
    "bad-manifest",
  ],
  ["a size in a text", "manifests", altered((text) => text.replace(/"size":(\d+)/, '"size":"$1"')), "bad-manifest"],
  [
    "another algorithm",
    "manifests",
    altered((text) => text.replaceAll(/sha256:[0-9a-f]+/g, `sha512:${"a".repeat(128)}`)),
    "bad-digest",
  ],
  [
    "a weak algorithm",
    "manifests",
    altered((text) => text.replaceAll(/sha256:[0-9a-f]+/g, `md5:${"a".repeat(32)}`)),
    "bad-digest",
  ],
  [
    "a digest in capitals",
    "manifests",
    altered((text) => text.replaceAll(/sha256:[0-9a-f]+/g, (digest) => digest.toUpperCase())),
    "bad-digest",
  ],
  [
    "a digest that is a path",
    "manifests",
    altered((text) => text.replaceAll(/sha256:[0-9a-f]+/g, "sha256:../../../../etc/passwd")),
    "bad-digest",
  ],
  [
    "14,000 layers",
    "manifests",
    altered((text) => text.replace(/\[(\{.*\})\]/, (_, layer) => `[${Array(14_000).fill(layer).join(",")}]`)),
    "bad-manifest",
  ],
  [
    "places of layers elsewhere",
    "manifests",
    altered((text) => text.replace('"layers":[{', `"layers":[{"urls":["http://${stranger.host}/l"],`)),
    "pulled",
  ],
  [
    "a version with a point",
    "manifests",
    altered((text) => text.replace('"schemaVersion":2', '"schemaVersion":2.0')),
    "pulled",
  ],
  [
    "a version of long ago",
    "manifests",
    altered((text) => text.replace('"schemaVersion":2', '"schemaVersion":1')),
    "unsupported",
  ],
  [
    "no UTF-8",
    "manifests",
    send(200, { "content-type": OCI_MANIFEST }, () =>
      Buffer.concat([manifest().subarray(0, 5), Buffer.from([0xff, 0xfe]), manifest().subarray(5)]),
    ),
    "bad-manifest",
  ],
  ["no layers", "manifests", altered((text) => text.replace(/"layers":\[.*\]/, '"layers":null')), "bad-manifest"],
  ["no configuration", "manifests", altered((text) => text.replace(/"config":\{[^}]*\},/, "")), "bad-manifest"],
  [
    "an index of 20,000 that is itself",
    "manifests",
    send(200, { "content-type": OCI_INDEX }, () => indexOfItself()),
    "digest-mismatch",
  ],
  ["the type of an index", "manifests", send(200, { "content-type": OCI_INDEX }, () => manifest()), "bad-manifest"],
  ["the type of a page", "manifests", send(200, { "content-type": "text/html" }, () => manifest()), "pulled"],
];
const BLOBS: readonly Scenario[] = [
  ["a page to log in", "layer", send(200, { "content-type": "text/html" }, () => html), "network"],
  ["nothing", "layer", send(200), "network"],
  ["not there", "layer", send(404), "not-found"],
  ["gone", "layer", send(410), "registry"],
  ["a server that fails", "layer", send(500), "registry"],
  ["a server that fails in no known way", "layer", raw("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), "registry"],
  ["a login in the middle", "layer", send(401, { "www-authenticate": 'Basic realm="x"' }), "unauthorized"],
  ["compressed on the way, it says", "layer", send(200, { "content-encoding": "gzip" }, () => layerBytes()), "pulled"],
  ["a length beyond all", "layer", raw(() => `${OK}Content-Length: 1000000000000000000\r\n\r\nabc`), "size-mismatch"],
  ["a length below zero", "layer", raw(() => `${OK}Content-Length: -5\r\n\r\nabc`), "network"],
  ["two lengths", "layer", raw(() => `${OK}Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello`), "network"],
  [
    "a chunk and a length",
    "layer",
    raw(() => `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
    "network",
  ],
  [
    "chunks without end",
    "layer",
    endless(`${OK}Transfer-Encoding: chunked\r\n\r\n`, `4000\r\n${" ".repeat(0x4000)}\r\n`),
    "size-mismatch",
  ],
  ["a chunk's remark without end", "layer", endless(`${OK}Transfer-Encoding: chunked\r\n\r\n1;`, "a"), "stalled"],
  ["a chunk of no size", "layer", raw(`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n`), "network"],
  ["another range", "layer", resumed(send(206, { "content-range": "bytes 0-5/6" }, () => "abcdef")), "protocol"],
  ["a range that is not said", "layer", resumed(send(206, {}, () => layerBytes().subarray(2000))), "protocol"],
  [
    "other bytes from the start",
    "layer",
    resumed(send(200, {}, () => Buffer.alloc(layerBytes().length, "E"))),
    "digest-mismatch",
  ],
  [
    "other bytes for the rest",
    "layer",
    resumed((response) =>
      response
        .writeHead(206, { "content-range": `bytes 2000-${layerBytes().length - 1}/${layerBytes().length}` })
        .end(evil()),
    ),
    "digest-mismatch",
  ],
];
const CONNECTIONS: readonly Scenario[] = [
  ["a header of 200 kB", "manifests", send(200, { "x-big": "a".repeat(200_000) }), "network"],
  ["headers without end", "manifests", endless(OK, `X-A: ${"a".repeat(1000)}\r\n`), "network"],
  [
    "interim answers without end",
    "manifests",
    endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "stalled",
  ],
  [
    "trailers without end",
    "manifests",
    endless(`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n`, `X-T: ${"a".repeat(1000)}\r\n`),
    "network",
  ],
  [
    "an error without end",
    "manifests",
    endless("HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\n", `4000\r\n${" ".repeat(0x4000)}\r\n`),
    "not-found",
  ],
  ["no answer of HTTP's", "manifests", raw("SSH-2.0-OpenSSH_9.2\r\n"), "network"],
  ["a version from the future", "manifests", raw("HTTP/9.9 200 OK\r\n\r\n"), "network"],
  ["the end at once", "manifests", raw(""), "network"],
  ["no content", "manifests", send(204), "registry"],
  ["unchanged", "manifests", send(304), "registry"],
  [
    "a part that nobody asked for",
    "manifests",
    send(206, { "content-type": OCI_MANIFEST }, () => manifest()),
    "pulled",
  ],
  [
    "a cookie",
    "manifests",
    send(200, { "content-type": OCI_MANIFEST, "set-cookie": "a=b; Path=/" }, () => manifest()),
    "pulled",
  ],
  [
    "an error that is no text",
    "manifests",
    send(403, {}, () => Buffer.from([0xff, 0, 0x1b, 0x5b, 0x33])),
    "unauthorized",
  ],
  [
    "an error of another form",
    "manifests",
    send(403, { "content-type": "application/json" }, () => '{"errors":[null,7,{"message":{}}]}'),
    "unauthorized",
  ],
];

/** An index that names its own image so often that nobody would look through it. */
function indexOfItself(): string {
  const digest = [...registry.manifests.keys()].find((key) => key.startsWith("sha256:"));
  const entry = {
    mediaType: OCI_MANIFEST,
    digest,
    size: manifest().length,
    platform: { os: "linux", architecture: "amd64" },
  };
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: Array(20_000).fill(entry) });
}

function isAsked(part: Part, url: string): boolean {
  if (part === "all") return url !== "/v2/";
  return part === "layer" ? url.endsWith(layerDigest()) : url.includes(`/${part}/`);
}

describe.each([
  ["a redirect", REDIRECTS],
  ["a challenge", CHALLENGES],
  ["a manifest", MANIFESTS],
  ["a blob", BLOBS],
  ["a connection", CONNECTIONS],
] as const)("%s:", (_, scenarios) => {
  test.each(scenarios)("%s", async (_, part, answer, outcome) => {
    registry.intercept = (request, response) => {
      if (!isAsked(part, request.url ?? "")) return false;
      answer(response, request);
      return true;
    };
    stranger.intercept = (_, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${stranger.host}/token"` }).end();
      return true;
    };
    const user = { username: "alice", password: "S3CRET" };
    const registries = { ...NO_CREDENTIALS, credentialsFor: async () => user };
    const options = { registries, stallTimeoutMs: STALL };
    if (outcome === "pulled") {
      expect((await pullFrom(registry, scratch(), "app:1", options)).layers).toHaveLength(1);
    } else {
      const { code, message } = await refusedFrom(registry, scratch(), "app:1", options);
      expect(message).not.toMatch(/TypeError|undefined|S3CRET|SECRET/);
      expect(code).toBe(outcome as typeof code);
    }
    // Nothing of the user's reaches another origin.
    expect(stranger.requests.flatMap(({ headers }) => [headers.authorization, headers.cookie].filter(Boolean))).toEqual(
      [],
    );
    expect(registry.requests.every(({ headers }) => headers.cookie === undefined)).toBe(true);
  });
});
