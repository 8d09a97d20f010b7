import { expect, test } from "bun:test";
import { example, type Page, paragraph, subheading, terms } from "../../src/manual/page.ts";
import { formatPage } from "../../src/manual/roff.ts";

function body(...blocks: Page["chapters"][number]["blocks"]): string {
  const page: Page = { name: "berth-x", section: 1, summary: "try", chapters: [{ heading: "TEXT", blocks }] };
  return formatPage(page, "berth 1", "2026-01-01").split(".SH TEXT\n")[1] ?? "";
}

test("a page begins with its title and name", () => {
  const text = formatPage({ name: "berth-x", section: 1, summary: "try it", chapters: [] }, "berth 1", "2026-01-01");
  expect(text.split("\n").slice(1)).toEqual([
    '.TH BERTH-X 1 2026-01-01 "berth 1" "berth"',
    ".ad l",
    ".SH NAME",
    "berth-x \\- try it",
    "",
  ]);
});

test("nothing in a text is taken for a request or an escape", () => {
  expect(body(paragraph(".TH and 'SH"))).toBe("\\&.TH and 'SH\n");
  expect(body(paragraph("'quoted' C:\\n"))).toBe("\\&'quoted' C:\\en\n");
  expect(body(example(".hidden\n  a'b ^ ~"))).toBe(".RS 4\n.EX\n\\&.hidden\n  a\\(aqb \\(ha \\(ti\n.EE\n.RE\n");
});

test("names are not hyphenated", () => {
  expect(body(paragraph("As `a b` or ExecStart=."))).toBe("As \\fB\\%a \\%b\\fR or \\%ExecStart=.\n");
});

test("dashes can be copied, and words in backquotes are bold", () => {
  expect(body(paragraph("With `--all` it is a-b."))).toBe("With \\fB\\%\\-\\-all\\fR it is a\\-b.\n");
});

test("sentences begin on new lines, long lines are broken at blanks", () => {
  expect(body(paragraph("One. Two (see `x`.) Three: four."))).toBe("One.\nTwo (see \\fB\\%x\\fR.)\nThree: four.\n");
  const lines = body(paragraph("word ".repeat(40).trim()))
    .trimEnd()
    .split("\n");
  expect(lines).toHaveLength(3);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test("blocks follow each other with the space they need", () => {
  const blocks = [subheading("Sub"), paragraph("A."), paragraph("B."), terms([["`t`", "C.", "D."]])];
  expect(body(...blocks)).toBe(".SS Sub\nA.\n.PP\nB.\n.TP\n\\fB\\%t\\fR\nC.\n.IP\nD.\n");
});
