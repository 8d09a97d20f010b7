import { expect, test } from "bun:test";
import { inheritedSockets } from "../../../src/runtime/systemd/inherited-sockets.ts";

const mine = `${process.pid}`;

test("sockets are taken that are meant for this process", () => {
  expect(inheritedSockets({ LISTEN_FDS: "3", LISTEN_PID: mine })).toBe(3);
});

test.each([
  {},
  { LISTEN_FDS: "3" },
  { LISTEN_FDS: "3", LISTEN_PID: "1" },
  { LISTEN_PID: mine },
  { LISTEN_FDS: "0", LISTEN_PID: mine },
  { LISTEN_FDS: "-1", LISTEN_PID: mine },
  { LISTEN_FDS: "1.5", LISTEN_PID: mine },
  { LISTEN_FDS: "many", LISTEN_PID: mine },
])("none are taken where %j says otherwise", (env) => {
  expect(inheritedSockets(env)).toBe(0);
});
