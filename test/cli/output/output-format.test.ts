import { expect, test } from "bun:test";
import { formatListing, type Listing } from "../../../src/cli/output/output-format.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const LISTING: Listing<Row> = {
  headings: { ID: "THING ID", Name: "NAME", Labels: "LABELS" },
  fieldsOf: ({ id, name, labels }, whole) => ({ ID: whole ? id : id.slice(0, 2), Name: name, Labels: labels }),
  columns: ["ID", "Name"],
  jsonOf: (row) => row,
  idOf: ({ id }, whole) => (whole ? id : id.slice(0, 2)),
};
const ROWS: readonly Row[] = [
  { id: "aabb", name: "one", labels: { a: "1" } },
  { id: "aacc", name: "another", labels: {} },
];
const show = (options: object, rows = ROWS) =>
  formatListing(rows, LISTING, { filter: [], format: "table", ...options });

test("a table has headings, and columns as wide as they have to be", () => {
  expect(show({})).toBe("THING ID  NAME\naa        one\naa        another\n");
  expect(show({ noheading: true, trunc: false })).toBe("aabb      one\naacc      another\n");
  expect(show({ format: "" })).toBe(show({}));
  expect(show({}, [])).toBe("THING ID  NAME\n");
  expect(show({ format: "table {{.Name}}\\t{{len .Labels}} of {{.ID}}" })).toBe(
    "NAME     LABELS of THING ID\none      1 of aa\nanother  0 of aa\n",
  );
  expect(show({ format: "table {{if .Labels}}{{.Name}}{{end}}", noheading: true })).toBe("one\n\n");
});

test("IDs alone are shown once", () => {
  expect(show({ quiet: true })).toBe("aa\n");
  expect(show({ quiet: true, trunc: false })).toBe("aabb\naacc\n");
});

test("JSON is the same in a list and by a template", () => {
  expect(JSON.parse(show({ format: "json" }))).toEqual(ROWS);
  expect(show({ format: "{{json .}}" })).toBe(ROWS.map((row) => `${JSON.stringify(row)}\n`).join(""));
});

test("a field that there is not is told also where there are no rows", () => {
  expect(() => show({ format: "table {{.Nmae}}" }, [])).toThrow('--format table {{.Nmae}}: unknown field "Nmae"');
  expect(() => show({ format: "{{.Nmae}}" })).toThrow('(did you mean "Name"?)');
  expect(() => show({ format: "Name" })).toThrow("--format Name: table, json, or a template as {{.Name}} is expected");
});

test("what strangers have written moves no cursor", () => {
  const rows = [{ id: "dd", name: "\u001b[2Jx", labels: { "k\n": "\u001b" } }];
  expect(show({ format: "{{.Name}} {{.Labels}}" }, rows)).toBe("\\x1b[2Jx map[k :\\x1b]\n");
});

test("a row as a whole is its fields, without what needs an argument", () => {
  const withLabel: Listing<Row> = {
    ...LISTING,
    fieldsOf: ({ id, name, labels }) => ({ ID: id, Name: name, Label: (key: string) => labels[key] }),
  };
  expect(formatListing(ROWS, withLabel, { filter: [], format: "{{.}}" })).toBe(
    "map[ID:aabb Name:one]\nmap[ID:aacc Name:another]\n",
  );
});
