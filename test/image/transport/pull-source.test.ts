import { expect, test } from "bun:test";
import { ImageError } from "../../../src/image/error.ts";
import { parsePullSource } from "../../../src/image/transport/pull-source.ts";

test("names without a transport, and those of registries, are for a registry", () => {
  for (const reference of ["app", "registry.example:5000/app:1", "docker://registry.example/app", "localhost/dir:1"])
    expect(parsePullSource(reference)).toEqual({ kind: "registry", reference });
});

test("archives and folders, with the image in them", () => {
  const archive = { kind: "archive", only: undefined } as const;
  expect(parsePullSource("docker-archive:/a/b.tar")).toEqual({ ...archive, form: "docker-archive", path: "/a/b.tar" });
  expect(parsePullSource("dir:/a:b")).toEqual({ ...archive, form: "dir", path: "/a:b" });
  expect(parsePullSource("oci:layout:app")).toEqual({
    kind: "archive",
    form: "oci",
    path: "layout",
    only: { name: "app" },
  });
  expect(parsePullSource("docker-archive:x.tar:registry.example:5000/app:1")).toMatchObject({
    path: "x.tar",
    only: { name: "registry.example:5000/app:1" },
  });
  expect(parsePullSource("oci-archive:x.tar:@1")).toMatchObject({ only: { index: 1 } });
});

test("other engines' transports and names without a path are refused", () => {
  const codeOf = (text: string) => {
    try {
      return parsePullSource(text);
    } catch (error) {
      return error instanceof ImageError ? error.code : error;
    }
  };
  expect(codeOf("containers-storage:app")).toBe("unsupported");
  expect(codeOf("docker-daemon:app:1")).toBe("unsupported");
  expect(codeOf("oci:")).toBe("bad-reference");
});
