import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import { createServer as createTlsServer, type Server } from "node:https";
import { type AddressInfo, connect as connectTo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageError } from "../../../src/image/error.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { readCertificates } from "../../../src/image/registry/certificates.ts";
import { connect, type RegistrySettings } from "../../../src/image/registry/connect.ts";
import { readRegistrySettings } from "../../../src/image/registry/settings.ts";
import { createTransport } from "../../../src/image/registry/transport.ts";

let dir: string;
let server: Server;
let port: number;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "berth-tls-"));
  const key = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=registry", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:registry.example"];
  execFileSync("openssl", [...key, ...names, "-keyout", "key.pem", "-out", "cert.pem"], { cwd: dir, stdio: "ignore" });
  server = createTlsServer(
    { key: readFileSync(join(dir, "key.pem")), cert: readFileSync(join(dir, "cert.pem")) },
    (_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" });
      response.end("{}");
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function fetchManifest(settings: Partial<RegistrySettings>, host = `localhost:${port}`): Promise<string> {
  const { client, close } = await connect(parseReference(`${host}/app:1`), {
    settings: { insecure: [], credentialsFor: async () => undefined, ...settings },
    credentials: undefined,
    retries: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
    stallTimeoutMs: 5000,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  try {
    return Buffer.from((await client.manifest("1")).bytes).toString();
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error);
  } finally {
    await close();
  }
}

test("a certificate that nobody vouches for is refused, and taken from an insecure registry", async () => {
  expect(await fetchManifest({ allInsecure: false })).toBe("untrusted");
  expect(await fetchManifest({ allInsecure: true })).toBe("{}");
  expect(await fetchManifest({})).toBe("{}"); // This machine itself.
});

test("a folder that is named outright counts for every registry, and has to be there", async () => {
  const folder = join(dir, "own");
  mkdirSync(folder);
  writeFileSync(join(folder, "ca.crt"), readFileSync(join(dir, "cert.pem")));
  const settings = (certDir: string) => readRegistrySettings({ configDirs: [], env: {}, uid: 0, certDir });
  expect(await fetchManifest({ ...settings(folder), allInsecure: false }, `127.0.0.1:${port}`)).toBe("{}");
  expect(() => settings(join(dir, "none")).certificatesFor?.("localhost")).toThrow("there is no folder");
});

test("a pull is given up also while a server says nothing to the TLS greeting", async () => {
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const stop = new AbortController();
  const transport = createTransport({
    verifyTls: false,
    // Longer than a test may take.
    stallTimeoutMs: 600_000,
    signal: stop.signal,
    certificates: {},
    proxies: undefined,
  });
  silent.once("connection", () => stop.abort());
  const url = new URL(`https://127.0.0.1:${(silent.address() as AddressInfo).port}/v2/`);
  const error = await transport.send({ url, headers: {} }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "cancelled" });
  await transport.close();
  silent.close();
});

test("an authority of certs.d is trusted, for its registry only", async () => {
  const certs = join(dir, "certs.d");
  mkdirSync(join(certs, `localhost:${port}`), { recursive: true });
  writeFileSync(join(certs, `localhost:${port}`, "ca.crt"), readFileSync(join(dir, "cert.pem")));
  const certificatesFor = (host: string) => readCertificates(host, [certs], {});
  expect(await fetchManifest({ allInsecure: false, certificatesFor })).toBe("{}");
  expect(await fetchManifest({ allInsecure: false, certificatesFor }, `127.0.0.1:${port}`)).toBe("untrusted");
});

test("the administrator's own authorities are trusted everywhere", async () => {
  const certificatesFor = (host: string) => readCertificates(host, [], { SSL_CERT_FILE: join(dir, "cert.pem") });
  expect(await fetchManifest({ allInsecure: false, certificatesFor })).toBe("{}");
});

test("a client certificate without its key is an error", () => {
  mkdirSync(join(dir, "half", "registry.example"), { recursive: true });
  writeFileSync(join(dir, "half", "registry.example", "me.cert"), "x");
  expect(() => readCertificates("registry.example", [join(dir, "half")], {})).toThrow("has no key beside it");
});

test("a proxy carries the connection, but none to this machine", async () => {
  const asked: string[] = [];
  const proxy: HttpServer = createServer();
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    const upstream = connectTo(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    const proxies = { https: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const certificatesFor = () => ({ authorities: readFileSync(join(dir, "cert.pem"), "utf8") });
    expect(await fetchManifest({ proxies, certificatesFor }, "registry.example")).toBe("{}");
    expect(asked).toEqual(["registry.example:443"]);
    expect(await fetchManifest({ proxies })).toBe("{}");
    expect(asked).toHaveLength(1);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});
