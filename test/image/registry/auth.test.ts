import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseReference } from "../../../src/image/reference.ts";
import { parseChallenges } from "../../../src/image/registry/auth.ts";
import { authenticationFiles, findCredentials } from "../../../src/image/registry/credentials.ts";
import { parseRetryAfter } from "../../../src/image/registry/retry.ts";
import { readRegistrySettings } from "../../../src/image/registry/settings.ts";
import { scratchDirectories } from "../support/scratch.ts";

const scratch = scratchDirectories();

test("challenges: several in a header, quotes, commas and blanks in values", () => {
  const plain = (header: string): Record<string, string>[] =>
    parseChallenges(header).map(({ scheme, parameters }) => ({ ...parameters, scheme }));
  expect(
    plain('Bearer realm="https://registry.example/token",service="a, \\"b\\"",scope="repository:x:pull,push"'),
  ).toEqual([
    { scheme: "bearer", realm: "https://registry.example/token", service: 'a, "b"', scope: "repository:x:pull,push" },
  ]);
  expect(plain('Basic realm="x", BEARER Realm = "y" , error=invalid_token')).toEqual([
    { scheme: "basic", realm: "x" },
    { scheme: "bearer", realm: "y", error: "invalid_token" },
  ]);
  expect(plain("Negotiate")).toEqual([{ scheme: "negotiate" }]);
  for (const header of ["", "realm=x", '"', 'Bearer realm="unterminated', "@@@"]) {
    expect(parseChallenges(header).every(({ parameters }) => parameters.realm === undefined)).toBe(true);
  }
});

test("Retry-After in seconds and as a date", () => {
  expect(parseRetryAfter("120", 0)).toBe(120_000);
  expect(parseRetryAfter("Thu, 01 Jan 1970 00:01:00 GMT", 10_000)).toBe(50_000);
  expect(parseRetryAfter("Thu, 01 Jan 1970 00:01:00 GMT", 90_000)).toBe(0);
  expect(parseRetryAfter("soon", 0)).toBeUndefined();
  expect(parseRetryAfter(undefined, 0)).toBeUndefined();
});

const encoded = (text: string) => Buffer.from(text).toString("base64");

test("credentials: the narrowest entry of the first file that has one", async () => {
  const home = scratch();
  mkdirSync(join(home, ".docker"));
  mkdirSync(join(home, ".config/containers"), { recursive: true });
  const podman = {
    auths: {
      "registry.example": { auth: encoded("wide:1") },
      "registry.example/team": { auth: encoded("narrow:a:b") },
    },
  };
  const docker = {
    auths: { "https://index.docker.io/v1/": { auth: encoded("hub:2") }, "other.example": { identitytoken: "T" } },
  };
  writeFileSync(join(home, ".config/containers/auth.json"), JSON.stringify(podman));
  writeFileSync(join(home, ".docker/config.json"), JSON.stringify(docker));
  const env = { HOME: home, XDG_RUNTIME_DIR: join(home, "none") };
  const find = (name: string) => findCredentials(authenticationFiles(env, 1000), parseReference(name), env);
  expect(await find("registry.example/app")).toEqual({ username: "wide", password: "1" });
  expect(await find("registry.example/team/app")).toEqual({ username: "narrow", password: "a:b" });
  expect(await find("registry.example/teammate")).toEqual({ username: "wide", password: "1" });
  expect(await find("nginx")).toEqual({ username: "hub", password: "2" });
  expect(await find("other.example/x")).toEqual({ username: "", password: "", identityToken: "T" });
  expect(await find("third.example/x")).toBeUndefined();
});

test("credentials: a helper program is asked, and a named file must exist and be sound", async () => {
  const home = scratch();
  const helper = join(home, "docker-credential-vault");
  writeFileSync(helper, '#!/bin/sh\nread server\nprintf \'{"Username":"u","Secret":"for %s"}\' "$server"\n');
  chmodSync(helper, 0o755);
  const file = join(home, "auth.json");
  writeFileSync(file, JSON.stringify({ credHelpers: { "registry.example": "vault" } }));
  const env = { PATH: `${home}:${process.env.PATH}`, REGISTRY_AUTH_FILE: file };
  const find = (path?: string) =>
    findCredentials(authenticationFiles(env, 0, path), parseReference("registry.example/app"), env);
  expect(await find()).toEqual({ username: "u", password: "for registry.example" });
  expect(find(join(home, "missing"))).rejects.toThrow("read ");
  writeFileSync(file, "{");
  expect(find()).rejects.toThrow("it is not JSON");
});

test("berth.conf: insecure registries, drop-ins win, and the command line has the last word", () => {
  const [etc, usr] = [scratch(), scratch()];
  mkdirSync(join(etc, "berth.conf.d"));
  writeFileSync(
    join(usr, "berth.conf"),
    '[registry "registry.example:5000"]\nInsecure=yes\n[registry "b.example"]\nInsecure=true\n',
  );
  writeFileSync(join(etc, "berth.conf"), '[registry "c.sub.example"]\nInsecure=no\n');
  writeFileSync(join(etc, "berth.conf.d/50-x.conf"), '[registry "b.example"]\nInsecure=off\n');
  const read = (tlsVerify?: boolean) => readRegistrySettings({ configDirs: [etc, usr], env: {}, uid: 0, tlsVerify });
  expect(read().insecure).toEqual(["registry.example:5000"]);
  expect(read().allInsecure).toBeUndefined();
  expect(read(false).allInsecure).toBe(true);
  expect(read(true).allInsecure).toBe(false);
  writeFileSync(join(etc, "berth.conf"), '[registry "x.example"]\nInsecure=maybe\n');
  expect(() => read()).toThrow("write yes or no");
});
