import { expect, test } from "bun:test";
import { UNSET_ENVIRONMENT } from "../src/generator/making/environment.ts";
import { STATIC_UNITS } from "../src/static-units.ts";

// Those that start berth.
const services = STATIC_UNITS.filter(({ text }) => text.includes("@BINDIR@"));

test.each(services)("$name keeps the manager's environment from taking berth over", ({ text }) => {
  expect(text).toContain(`\nUnsetEnvironment=${UNSET_ENVIRONMENT}\n`);
});

test("there are services to look at", () => {
  expect(services.length).toBeGreaterThan(1);
});
