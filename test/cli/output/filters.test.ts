import { expect, test } from "bun:test";
import { chooseBy } from "../../../src/cli/output/filters.ts";
import { volumeFilters } from "../../../src/cli/volume/volume-ls.ts";
import { newVolume } from "../../../src/state/volume-record.ts";

test("filters: any of one kind, all of different kinds, every label", () => {
  const volume = (name: string, labels: Record<string, string>, created: string) => ({
    ...newVolume(name, created),
    labels,
  });
  const volumes = [
    volume("one", { a: "1" }, "2026-01-01T00:00:00Z"),
    volume("two", { a: "2", b: "" }, "2026-02-01T00:00:00Z"),
    volume("three", {}, "2026-03-01T00:00:00Z"),
  ];
  const names = (...filters: string[]) =>
    chooseBy(
      volumes,
      filters,
      volumeFilters(new Set(["one"]), (name) => volumes.find((one) => one.name === name)?.created ?? ""),
    ).map(({ name }) => name);
  expect(names()).toEqual(["one", "two", "three"]);
  expect(names("name=one", "name=^t")).toEqual(["one", "two", "three"]);
  expect(names("name=^t", "label=a")).toEqual(["two"]);
  expect(names("label=a", "label=b")).toEqual(["two"]);
  expect(names("label!=a")).toEqual(["three"]);
  expect(names("dangling=true")).toEqual(["two", "three"]);
  expect(names("dangling=false")).toEqual(["one"]);
  expect(names("since=one")).toEqual(["two", "three"]);
  expect(names("until=2026-01-15")).toEqual(["one"]);
  expect(() => names("colour=red")).toThrow("--filter colour=red: none of name=, driver=");
  expect(() => names("name=(")).toThrow("--filter name=(: that is no regular expression");
  expect(() => names("until=soon")).toThrow('"soon" is neither a time nor a span of time');
});
