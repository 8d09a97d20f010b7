import { expect, test } from "bun:test";
import { parseToken, tokenRequest } from "../../../src/image/registry/token.ts";

const use = { repository: "team/app", origin: "https://registry.example" };
const realm = "https://auth.example/token?x=1";

test("a token is asked for with the challenge's words, and otherwise to pull from the repository", () => {
  const { url, headers } = tokenRequest({ realm, service: "s" }, use);
  expect(url.href).toBe("https://auth.example/token?x=1&service=s&scope=repository%3Ateam%2Fapp%3Apull");
  expect(headers).toEqual({});
  expect(tokenRequest({ realm, scope: "other" }, use).url.searchParams.get("scope")).toBe("other");
});

test("credentials go into a header, an identity token into the body", () => {
  const user = { username: "u", password: "p" };
  expect(tokenRequest({ realm }, { ...use, credentials: user }).headers).toEqual({ authorization: "Basic dTpw" });
  const { url, method, body } = tokenRequest({ realm }, { ...use, credentials: { ...user, identityToken: "t" } });
  expect([url.href, method]).toEqual([realm, "POST"]);
  expect(new URLSearchParams(String(body)).get("refresh_token")).toBe("t");
});

test("a token server without encryption serves a registry without encryption alone", () => {
  const plain = { realm: "http://auth.example/token" };
  expect(() => tokenRequest(plain, use)).toThrow("is not encrypted");
  expect(tokenRequest(plain, { ...use, origin: "http://127.0.0.1:5000" }).url.origin).toBe("http://auth.example");
  expect(() => tokenRequest({ realm: "file:///etc/passwd" }, use)).toThrow("is of file: and refused");
  expect(() => tokenRequest({ realm: "nonsense" }, use)).toThrow("as its token server");
});

test("an answer without a token, or with one that would end its header, is refused", () => {
  const token = (value: unknown) => parseToken(Buffer.from(JSON.stringify(value)), "https://auth.example");
  expect(token({ token: "a", access_token: "b" })).toBe("a");
  expect(token({ access_token: "b" })).toBe("b");
  for (const wrong of [{}, [], { token: 1 }, { token: "a\r\nx: y" }, { token: "" }])
    expect(() => token(wrong)).toThrow("there is no token");
  expect(() => parseToken(Buffer.from("{"), "https://auth.example")).toThrow("is not JSON");
});
