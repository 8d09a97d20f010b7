import { expect, test } from "bun:test";
import { showWaiting } from "../../../src/cli/program/waiting.ts";

function terminal(columns: number | undefined) {
  let shown = "";
  const err = (text: string) => {
    shown += text;
  };
  const errTerminal = () => (columns === undefined ? undefined : { columns, rows: 24 });
  return { context: { err, errTerminal }, shown: () => shown };
}

test("what is waited for is shown on a terminal, in a line that goes", async () => {
  const { context, shown } = terminal(20);
  let said = () => {};
  const asked = new Promise<void>((resolve) => {
    said = resolve;
  });
  const say = async () => {
    said();
    return "Pulling a\nlong name: 3 MB of 9 MB";
  };
  expect(
    await showWaiting(
      asked.then(() => Bun.sleep(1)),
      say,
      context,
    ),
  ).toBeUndefined();
  expect(shown()).toBe("\r\x1b[KPulling a long name\r\x1b[K");
});

test("nothing is shown of what is over soon, where there is no terminal, or nothing to say", async () => {
  const soon = terminal(80);
  expect(await showWaiting(Promise.resolve(7), async () => "never", soon.context)).toBe(7);
  expect(soon.shown()).toBe("");
  const none = terminal(undefined);
  expect(
    await showWaiting(
      Bun.sleep(600).then(() => 8),
      async () => "never",
      none.context,
    ),
  ).toBe(8);
  expect(none.shown()).toBe("");
  const failing = terminal(80);
  const say = () => Promise.reject(new Error("the bus is gone"));
  expect(
    showWaiting(
      Bun.sleep(600).then(() => Promise.reject(new Error("it"))),
      say,
      failing.context,
    ),
  ).rejects.toThrow("it");
  expect(failing.shown()).toBe("");
});
