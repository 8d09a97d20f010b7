import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "../../../src/image/error.ts";
import { scratchDirectories } from "../support/scratch.ts";
import { type Member, tar } from "../support/tar.ts";
import { describeTree, unpack } from "../support/unpacked.ts";
import { HOSTILE_FORMS } from "./hostile-forms.ts";
import { type HostileLayer, OUTSIDE } from "./hostile-layer.ts";
import { HOSTILE_PLACES } from "./hostile-places.ts";

const scratch = scratchDirectories();
const root = process.getuid?.() === 0;
const LAYERS = [...HOSTILE_PLACES, ...HOSTILE_FORMS];

/** The archive, with a real folder for the one that stands for the host. */
function archiveOf(members: readonly Member[] | Buffer, outside: string): Buffer {
  if (Buffer.isBuffer(members)) return members;
  const there = <T extends string | Buffer | undefined>(text: T): T | string =>
    typeof text === "string" ? text.replace(OUTSIDE, outside) : text;
  return tar(members.map((member) => ({ ...member, link: there(member.link ?? "") })));
}

/** The error that a layer is refused with, or what is in its tree. */
async function outcome(layer: HostileLayer, place: string, inUserNamespace: boolean): Promise<Error | string[]> {
  const outside = join(place, "host");
  const below = layer.below && (await unpack(join(place, "in/below"), archiveOf(layer.below, outside))).tree;
  const archive = archiveOf(layer.members, outside);
  try {
    const { tree } = await unpack(join(place, "in/top"), archive, {
      inUserNamespace,
      below: below === undefined ? [] : [below],
      ...(layer.blob === undefined ? {} : { bytes: layer.blob }),
    });
    const facts = describeTree(tree);
    for (const { attributes } of facts.values())
      for (const name of Object.keys(attributes))
        expect(name).not.toMatch(/^(trusted|user)\.(?!overlay\.opaque$)(overlay|x)/);
    return [...facts.keys()].filter((name) => name !== ".");
  } catch (error) {
    if (!(error instanceof ImageError) || error.code === "store-io") throw error;
    return error;
  }
}

function messages(error: unknown): string {
  return error instanceof Error ? `${error.message}: ${messages(error.cause)}` : "";
}

test("the layers are as many as were tried once", () => {
  expect(new Set(LAYERS.map(({ what }) => what)).size).toBe(LAYERS.length);
  expect(LAYERS.length).toBeGreaterThanOrEqual(187);
});

describe.skipIf(!root).each(["the system", "a user"])(
  "a hostile layer, unpacked by %s, leaves the host alone",
  (who) => {
    test.each(LAYERS.map((layer) => [layer.what, layer] as const))("%s", async (_, layer) => {
      const place = scratch();
      mkdirSync(join(place, "host"));
      mkdirSync(join(place, "in"));
      writeFileSync(join(place, "host/precious"), "precious");
      const result = await outcome(layer, place, who === "a user");
      if (layer.says !== undefined) expect(messages(result)).toMatch(layer.says);
      else expect(messages(result)).toBe("");
      if (layer.tree !== undefined && who === "the system") expect(result).toEqual([...layer.tree].sort());
      expect(readdirSync(place).sort()).toEqual(["host", "in"]);
      expect(readdirSync(join(place, "host"))).toEqual(["precious"]);
      expect(readFileSync(join(place, "host/precious"), "utf8")).toBe("precious");
    });
  },
);
