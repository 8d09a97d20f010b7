import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Credentials } from "../../../src/image/registry/auth.ts";
import { NO_CREDENTIALS, pullFrom, refusedFrom } from "../support/pulling.ts";
import { sendBlob, TestRegistry } from "../support/registry.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { dir, file, tar } from "../support/tar.ts";

const scratch = scratchDirectories();
const USER: Credentials = { username: "alice", password: "S3CRET-of-alice" };
const BASIC = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
const TOKEN = "token-0123456789abcdef";
/** Milliseconds: what counts as silence here. Some 300 bytes have to arrive in that time. */
const STALL = 300;

const registry = new TestRegistry();
/** Another origin: it notes who asks for what. */
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
  registry.intercept = () => false;
  stranger.intercept = () => false;
  registry.requests.length = 0;
  stranger.requests.length = 0;
  registry.putImage("1", {
    layers: [tar([dir("etc"), file("etc/motd", "x".repeat(4000))])],
    compress: (bytes) => bytes,
  });
});

const credentials = { registries: { ...NO_CREDENTIALS, credentialsFor: async () => USER } };
const refused = (more = {}) => refusedFrom(registry, scratch(), "app:1", { stallTimeoutMs: STALL, ...more });

/** What has reached the stranger in headers and addresses. */
const toldStranger = () => JSON.stringify(stranger.requests);

function challenge(response: ServerResponse, value: string): true {
  response.writeHead(401, { "www-authenticate": value }).end();
  return true;
}

test("a challenge of a server that the registry redirects to gets nothing", async () => {
  const ways = [`Bearer realm="http://STRANGER/token"`, `Basic realm="x"`, `Bearer realm="http://REGISTRY/token"`];
  for (const part of ["/manifests/", "/blobs/"]) {
    for (const way of ways) {
      registry.intercept = ({ url = "" }, response) => {
        if (!url.includes(part)) return false;
        response.writeHead(307, { location: `http://${stranger.host}/taken${url}` }).end();
        return true;
      };
      stranger.intercept = ({ url = "" }, response) => {
        if (!url.startsWith("/taken")) return false;
        return challenge(response, way.replace("STRANGER", stranger.host).replace("REGISTRY", registry.host));
      };
      expect((await refused(credentials)).code).toBe("unauthorized");
      expect(toldStranger()).not.toContain(BASIC);
      expect(stranger.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
      expect(registry.requests.every(({ path }) => !path.startsWith("/token"))).toBe(true);
    }
  }
});

test("the registry's own challenge is believed, on another host too, and a redirect behind it gets nothing", async () => {
  registry.intercept = ({ url = "", headers }, response) => {
    if (!url.startsWith("/v2/app/")) return false;
    if (headers.authorization !== `Bearer ${TOKEN}`)
      return challenge(response, `Bearer realm="http://${stranger.host}/token",service="s"`);
    if (!url.includes("/blobs/")) return false;
    response.writeHead(307, { location: `http://${stranger.host}/storage/${url.split("/").at(-1)}` }).end();
    return true;
  };
  stranger.intercept = (request, response) => serve(request, response);
  const serve = ({ url = "", headers }: IncomingMessage, response: ServerResponse): boolean => {
    const blob = registry.blobs.get(url.split("/").at(-1) ?? "");
    if (url.startsWith("/token")) {
      expect(headers.authorization).toBe(`Basic ${BASIC}`);
      response.writeHead(200).end(JSON.stringify({ token: TOKEN }));
      return true;
    }
    expect(headers.authorization).toBeUndefined();
    if (blob !== undefined) response.writeHead(200, { "content-length": blob.length }).end(blob);
    return blob !== undefined;
  };
  expect((await pullFrom(registry, scratch(), "app:1", credentials)).reference).toContain("app:1");
});

test("what a registry says again of credentials or a token is not shown", async () => {
  const secrets = [USER.password, BASIC, TOKEN, TOKEN.slice(4, 16), BASIC.slice(0, 12), encodeURIComponent(BASIC)];
  const ways: ((said: string, response: ServerResponse) => void)[] = [
    (said, response) => response.writeHead(400).end(JSON.stringify({ errors: [{ message: `you sent ${said}.` }] })),
    (said, response) => response.writeHead(302, { location: `ftp://${said}/` }).end(),
    (said, response) => response.writeHead(302, { location: `http://[${said}` }).end(),
    (said, response) => response.writeHead(302, { location: `http://${said.replace(/\W/g, "")}.invalid/` }).end(),
  ];
  for (const said of secrets) {
    for (const way of ways) {
      registry.intercept = ({ url = "", headers }, response) => {
        if (url.startsWith("/token")) response.writeHead(200).end(JSON.stringify({ token: TOKEN }));
        else if (headers.authorization !== `Bearer ${TOKEN}`)
          return challenge(response, `Bearer realm="http://${registry.host}/token"`);
        else way(said, response);
        return true;
      };
      const events: string[] = [];
      const { message } = await refused({
        ...credentials,
        onProgress: (event: unknown) => events.push(JSON.stringify(event)),
      });
      for (const secret of [said, said.toLowerCase()]) expect(message + events.join("")).not.toContain(secret);
    }
  }
  registry.intercept = (_, response) => challenge(response, `Bearer realm="${USER.password} is no address"`);
  expect((await refused(credentials)).message).not.toContain(USER.password);
});

test("a server that says next to nothing is given up", async () => {
  const ticking = (response: ServerResponse, say: () => void): true => {
    const timer = setInterval(say, STALL / 10);
    response.once("close", () => clearInterval(timer));
    return true;
  };
  const raw = (head: string, say: string) => (response: ServerResponse) => {
    response.socket?.write(head);
    return ticking(response, () => response.socket?.write(say));
  };
  const ways: Record<string, (response: ServerResponse) => true> = {
    "a byte now and then": (response) => {
      response.writeHead(200);
      return ticking(response, () => response.write("x"));
    },
    "interim answers without end": raw("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a header without end": raw("HTTP/1.1 200 OK\r\nx: ", "y"),
    "headers without end": raw("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
    "a chunk's extension without end": raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=", "b"),
    "trailers without end": raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: ", "y"),
    "the head of a chunk without end": raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "0"),
  };
  for (const part of ["/manifests/", "/blobs/"]) {
    for (const [name, way] of Object.entries(ways)) {
      registry.intercept = ({ url = "" }, response) => url.includes(part) && way(response);
      const from = performance.now();
      const { code } = await refused({ retries: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 } });
      expect(["stalled", "network"], `${part}: ${name}`).toContain(code);
      expect(performance.now() - from, `${part}: ${name}`).toBeLessThan(20 * STALL);
    }
  }
}, 60_000);

test("a byte for each connection is no progress", async () => {
  let connections = 0;
  registry.intercept = (request, response) => {
    const blob = registry.blobs.get(request.url?.split("/").at(-1) ?? "");
    if (blob === undefined || blob.length < 4000) return false;
    connections += 1;
    response.writeHead(206, {
      "content-length": blob.length - connections + 1,
      "content-range": `bytes ${connections - 1}-${blob.length - 1}/${blob.length}`,
    });
    response.write(blob.subarray(connections - 1, connections), () => response.destroy());
    return true;
  };
  expect((await refused()).code).toBe("network");
  expect(connections).toBe(3);
});

test("a line that is slow but steady brings the image", async () => {
  registry.intercept = (request, response) => {
    const blob = registry.blobs.get(request.url?.split("/").at(-1) ?? "");
    if (blob === undefined || blob.length < 4000) return false;
    response.writeHead(200, { "content-length": blob.length });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(blob.subarray(sent, sent + 512));
      sent += 512;
      if (sent < blob.length) return;
      clearInterval(timer);
      response.end();
    }, STALL / 3);
    return true;
  };
  expect((await pullFrom(registry, scratch(), "app:1", { stallTimeoutMs: STALL })).reference).toContain("app:1");
  registry.intercept = (request, response) => {
    const blob = registry.blobs.get(request.url?.split("/").at(-1) ?? "");
    if (blob !== undefined) sendBlob(request, response, blob);
    return blob !== undefined;
  };
});
