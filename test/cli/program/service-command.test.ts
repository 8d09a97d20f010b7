import { expect, test } from "bun:test";
import { isServiceCommand } from "../../../src/cli/program/service-command.ts";

test("a service's own command is the process that systemd has executed, not a child of it", () => {
  expect(isServiceCommand({ SYSTEMD_EXEC_PID: "7" }, 7)).toBe(true);
  const others = [{}, { SYSTEMD_EXEC_PID: "8" }, { INVOCATION_ID: "7" }];
  expect(others.map((env) => isServiceCommand(env, 7))).toEqual([false, false, false]);
});
