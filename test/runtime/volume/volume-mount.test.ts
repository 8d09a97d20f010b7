import { expect, test } from "bun:test";
import { volumeMount } from "../../../src/runtime/volume/volume-mount.ts";

test.each([
  [[], ["nosuid", "nodev"]],
  [["ro"], ["nosuid", "nodev", "ro"]],
  [["suid"], ["nodev", "suid"]],
  [
    ["dev", "suid", "exec"],
    ["dev", "suid", "exec"],
  ],
] as [string[], string[]][])("a volume with the options %j is mounted with %j", (options, mounted) => {
  const mount = volumeMount("/volumes/data/_data", { target: "/data", options });
  expect(mount).toEqual({
    ...{ type: "bind", source: "/volumes/data/_data", destination: "/data" },
    options: ["rbind", "rprivate", ...mounted],
  });
});

test("an overlay over a volume gets no options of a volume's", () => {
  expect(volumeMount("/merged", { target: "/data", options: ["O"] }).options).toEqual(["rbind", "rprivate"]);
});
