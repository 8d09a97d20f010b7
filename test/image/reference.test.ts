import { expect, test } from "bun:test";
import { ImageError } from "../../src/image/error.ts";
import { formatReference, localCandidates, parseReference } from "../../src/image/reference.ts";

const HEX = "a".repeat(64);

test("short and full names become full names, as podman and docker read them", () => {
  const names: Record<string, string> = {
    nginx: "docker.io/library/nginx:latest",
    "nginx:1.27": "docker.io/library/nginx:1.27",
    "team/app": "docker.io/team/app:latest",
    "docker.io/nginx": "docker.io/library/nginx:latest",
    "index.docker.io/nginx": "docker.io/library/nginx:latest",
    "docker://registry.example/a/b/c:x": "registry.example/a/b/c:x",
    "registry.example:5000/app": "registry.example:5000/app:latest",
    "localhost/app": "localhost/app:latest",
    "localhost:5000/app": "localhost:5000/app:latest",
    "127.0.0.1:5000/app:1": "127.0.0.1:5000/app:1",
    "[::1]:5000/app": "[::1]:5000/app:latest",
    [`app@sha256:${HEX}`]: `docker.io/library/app@sha256:${HEX}`,
    [`registry.example/app:1@sha256:${HEX}`]: `registry.example/app@sha256:${HEX}`,
    "registry.example/a__b/c--d/e.f_g": "registry.example/a__b/c--d/e.f_g:latest",
  };
  for (const [text, full] of Object.entries(names)) {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(formatReference(parseReference(full))).toBe(full);
  }
});

test("what is no name is refused", () => {
  const wrong = [
    "",
    "App",
    "app:",
    ":1",
    "app@",
    "app@sha256:12",
    `app@sha512:${HEX}${HEX}`,
    `app@sha256:${"A".repeat(64)}`,
  ];
  wrong.push(
    "registry.example/",
    "registry.example//a",
    "/app",
    "../app",
    "registry.example/../x",
    "a/./b",
    "app:1:2",
    "a b",
  );
  wrong.push(
    "app:..",
    "app:-x",
    `app:${"t".repeat(129)}`,
    "-app",
    "app_",
    "a___b",
    "registry.example:port/app",
    "é",
    "app\n",
  );
  wrong.push(
    `registry.example/${"a".repeat(250)}`,
    "registry.example/app?x",
    "user@registry.example/app",
    "https://registry.example/app",
  );
  for (const text of wrong) {
    expect(() => parseReference(text)).toThrow(ImageError);
  }
});

test("a short name is looked for among the images that were built here first", () => {
  expect(localCandidates("app:1")).toEqual(["localhost/app:1", "docker.io/library/app:1"]);
  expect(localCandidates("team/app")).toEqual(["localhost/team/app:latest", "docker.io/team/app:latest"]);
  expect(localCandidates("registry.example/app")).toEqual(["registry.example/app:latest"]);
});
