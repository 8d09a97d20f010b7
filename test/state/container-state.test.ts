import { expect, test } from "bun:test";
import { type ContainerFacts, containerState } from "../../src/state/container-state.ts";

const STARTING: ContainerFacts = { pid: undefined, started: false, frozen: false, launching: true };
const RUNNING: ContainerFacts = { pid: 42, started: true, frozen: false, launching: false };
const FOREGROUND: ContainerFacts = { ...RUNNING, launching: true };
const FROZEN: ContainerFacts = { ...RUNNING, frozen: true };
const ENDED: ContainerFacts = { pid: undefined, started: true, frozen: false, launching: false };
/** The first process has ended, and what ran it in the foreground has not noticed yet. */
const JUST_ENDED: ContainerFacts = { ...ENDED, launching: true };
/** Its launcher was killed. */
const BROKEN: ContainerFacts = { ...STARTING, launching: false };

test.each([
  ["created", STARTING, "activating"],
  ["created", STARTING, undefined],
  ["created", STARTING, "reloading"],
  ["stopping", STARTING, "deactivating"],
  ["running", RUNNING, "active"],
  ["running", RUNNING, "activating"],
  ["running", RUNNING, "failed"],
  ["running", RUNNING, undefined],
  ["running", FOREGROUND, undefined],
  ["stopping", RUNNING, "deactivating"],
  ["paused", FROZEN, "active"],
  ["paused", FROZEN, "deactivating"],
  ["paused", FROZEN, undefined],
  ["exited", ENDED, "active"],
  ["exited", ENDED, "deactivating"],
  ["exited", ENDED, "failed"],
  ["exited", ENDED, "inactive"],
  ["exited", ENDED, undefined],
  ["exited", JUST_ENDED, undefined],
  ["exited", BROKEN, "activating"],
  ["exited", BROKEN, undefined],
] as const)("a container is %s: %o, and its unit is %s", (state, facts, activeState) => {
  expect(containerState(facts, activeState === undefined ? undefined : { activeState })).toBe(state);
});
