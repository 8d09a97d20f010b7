import { expect, test } from "bun:test";
import { LayerBars } from "../../../src/cli/output/layer-bars.ts";
import type { Digest } from "../../../src/image/document/digest.ts";
import { TestScreen } from "./screen.ts";

const digest = (at: number) => `sha256:${String(at).padStart(2, "0").repeat(32)}` as Digest;
const manifest = (layers: number, size = 1000) => ({
  kind: "manifest" as const,
  reference: "registry.example/app:1",
  layers: Array.from({ length: layers }, (_, at) => ({ digest: digest(at), size })),
});

function setUp(columns: number, rows: number) {
  const screen = new TestScreen(columns, rows);
  let now = 0;
  let written = 0;
  const bars = new LayerBars({
    write: (text) => {
      written += text === "" ? 0 : 1;
      screen.write(text);
    },
    size: () => ({ columns, rows }),
    now: () => now,
  });
  return { screen, bars, advance: (ms: number) => (now += ms), writes: () => written };
}

test("each layer has a line that is redrawn in place", () => {
  const { screen, bars, advance } = setUp(60, 24);
  bars.take(manifest(3));
  advance(200);
  bars.take({ kind: "layer-bytes", digest: digest(0), received: 500, size: 1000 });
  bars.take({ kind: "layer-present", digest: digest(1), size: 1000 });
  expect(screen.shown()).toEqual([
    "registry.example/app:1",
    "000000000000  [############            ]  500 B / 1 kB",
    "010101010101  already here",
    "020202020202  waiting",
    "",
  ]);
  bars.take({ kind: "layer-done", digest: digest(0), size: 1000 });
  bars.take({ kind: "layer-writing", digest: digest(2), size: 1000 });
  bars.take({ kind: "layer-done", digest: digest(2), size: 1000 });
  bars.finish();
  expect(screen.shown()).toEqual([
    "registry.example/app:1",
    "000000000000  1 kB, done",
    "010101010101  already here",
    "020202020202  1 kB, done",
    "",
  ]);
});

test("other messages stand above the bars", () => {
  const { screen, bars } = setUp(80, 24);
  bars.take(manifest(1));
  bars.print("blob: HTTP 503; trying again in 1.5 s\n");
  expect(screen.shown()).toEqual([
    "registry.example/app:1",
    "blob: HTTP 503; trying again in 1.5 s",
    "000000000000  waiting",
    "",
  ]);
});

test("a key that the terminal echoes leaves nothing behind", () => {
  const { screen, bars, advance } = setUp(60, 24);
  bars.take(manifest(1));
  screen.write("^C");
  advance(200);
  bars.take({ kind: "layer-bytes", digest: digest(0), received: 500, size: 1000 });
  screen.write("^C");
  bars.finish();
  expect(screen.shown()).toEqual([
    "registry.example/app:1",
    "000000000000  [############            ]  500 B / 1 kB",
    "",
  ]);
});

test("a hundred thousand pieces make few writes, on any size of a terminal", () => {
  for (const [columns, rows] of [
    [10, 3],
    [30, 6],
    [46, 5],
    [200, 50],
  ] as const) {
    const { screen, bars, advance, writes } = setUp(columns, rows);
    bars.take(manifest(20, 100_000));
    for (let at = 0; at < 20; at++) {
      for (let received = 0; received < 100_000; received += 20) {
        advance(0.1);
        bars.take({ kind: "layer-bytes", digest: digest(at), received, size: 100_000 });
      }
      bars.take({ kind: "layer-done", digest: digest(at), size: 100_000 });
    }
    bars.finish();
    expect(writes()).toBeLessThan((20 * 5000 * 0.1) / 100 + 2 * 20 + 5);
    expect(screen.shown().length).toBeLessThanOrEqual(rows);
    if (rows === 50) expect(screen.shown().filter((line) => line.endsWith("100 kB, done"))).toHaveLength(20);
    else expect(screen.shown().at(-2)).toBe("20 of 20 layers done".slice(0, columns - 1));
  }
});

test("two images after each other, and a twin layer", () => {
  const { screen, bars } = setUp(80, 24);
  bars.take({ ...manifest(1), layers: [digest(0), digest(0)].map((digest) => ({ digest, size: 5 })) });
  bars.take({ kind: "layer-done", digest: digest(0), size: 5 });
  bars.take({ kind: "layer-present", digest: digest(0), size: 5 });
  bars.take({ ...manifest(1), reference: "registry.example/other:1" });
  bars.finish();
  expect(screen.shown()).toEqual([
    "registry.example/app:1",
    "000000000000  5 B, done",
    "registry.example/other:1",
    "000000000000  waiting",
    "",
  ]);
});
