import { expect, test } from "bun:test";
import { formatInspection } from "../../../src/cli/output/inspection.ts";

const FOUND = [{ Id: "ab", Labels: { "k\n": "\u001b[2J\u009b\u202e" } }];

test("what strangers have written reaches programs as it is, and moves no cursor of a terminal", () => {
  expect(formatInspection(FOUND, "{{.Labels}}", false)).toBe("map[k\n:\u001b[2J\u009b\u202e]\n");
  expect(formatInspection(FOUND, "{{.Id}} {{.Labels}}", true)).toBe("ab map[k :\\x1b[2J\\x9b\\u202e]\n");
});

test("JSON is exact, and can be shown on a terminal", () => {
  for (const format of ["json", "{{json .Labels}}"]) {
    const shown = formatInspection(FOUND, format, false);
    expect(shown).toContain('"k\\n":');
    expect(shown).toContain('"\\u001b[2J\\u009b\\u202e"');
  }
  expect(JSON.parse(formatInspection(FOUND, "json", true))).toEqual(FOUND);
});
