import { expect, test } from "bun:test";
import { ID_LIMIT } from "../../../src/id-map.ts";
import type { UserNamespaceRequest } from "../../../src/options/requests/run-request.ts";
import { valueIn } from "../../../src/options/values/check.ts";
import { parseIdMapping, parseUserNamespace } from "../../../src/options/values/user-namespace.ts";
import type { IdRange } from "../../../src/runtime/user-namespace/id-map.ts";
import { type AutomaticIds, HOST_IDS, type IdSpace, planNamespace } from "../../../src/runtime/user-namespace/plan.ts";

type Planned = Parameters<typeof planNamespace>[0];

/** Root: all of the host's ids. */
const ROOT: IdSpace = { maps: { uids: HOST_IDS, gids: HOST_IDS }, user: undefined };
/** A user: uid 1000, gid 1001, with 65536 subordinate ids. */
const ALICE: IdSpace = {
  maps: {
    uids: [
      { inside: 0, outside: 1000, size: 1 },
      { inside: 1, outside: 100000, size: 65536 },
    ],
    gids: [
      { inside: 0, outside: 1001, size: 1 },
      { inside: 1, outside: 200000, size: 65536 },
    ],
  },
  user: { uid: 1000, gid: 1001 },
};

const AUTOMATIC: AutomaticIds = {
  lease: (size) => ({ uid: [{ start: 100500, size }], gid: [{ start: 200500, size }] }),
  sizeOfImage: () => 1024,
};

function plan(
  request: UserNamespaceRequest | string,
  space: IdSpace,
): { uids: string; gids: string; user: string | undefined } {
  const wanted = typeof request === "string" ? valueIn(parseUserNamespace(request)) : request;
  const { maps, user } = planNamespace(wanted as Planned, space, AUTOMATIC, () => [
    { start: 100000, size: 10 },
    { start: 100100, size: 5 },
  ]);
  const text = (map: readonly IdRange[]) =>
    map.map(({ inside, outside, size }) => `${inside} ${outside} ${size}`).join(", ");
  return { uids: text(maps.uids), gids: text(maps.gids), user };
}

function maps(uids: readonly string[], gids: readonly string[] = uids): UserNamespaceRequest {
  const parsed = (lines: readonly string[]) => lines.flatMap((line) => valueIn(parseIdMapping(line)) ?? []);
  return { mode: "maps", uids: parsed(uids), gids: parsed(gids) };
}

test("keep-id is the user's own id among the subordinate ones", () => {
  expect(plan("keep-id", ALICE)).toEqual({
    uids: "0 1 1000, 1000 0 1, 1001 1001 64536",
    gids: "0 1 1001, 1001 0 1, 1002 1002 64535",
    user: "1000:1001",
  });
  expect(plan("keep-id:uid=0,gid=7", ALICE)).toEqual({
    uids: "0 0 65537",
    gids: "0 1 7, 7 0 1, 8 8 65529",
    user: "0:7",
  });
  expect(plan("keep-id:size=1500", ALICE).uids).toBe("0 1 1000, 1000 0 1, 1001 1001 499");
});

test("keep-id of root is a namespace with all ids", () => {
  expect(plan("keep-id", ROOT)).toEqual({ uids: `0 0 ${ID_LIMIT}`, gids: `0 0 ${ID_LIMIT}`, user: "0:0" });
  expect(plan("keep-id:uid=5", ROOT).user).toBe("5:0");
  expect(() => plan("keep-id:size=100", ROOT)).toThrow("size");
});

test("nomap leaves the user out, which root cannot be", () => {
  expect(plan("nomap", ALICE)).toEqual({ uids: "0 1 65536", gids: "0 1 65536", user: "0:0" });
  expect(() => plan("nomap", ROOT)).toThrow("root");
});

test("auto takes as many ids as the image or the option says, around mappings that are given", () => {
  expect(plan("auto", ROOT)).toEqual({ uids: "0 100500 1024", gids: "0 200500 1024", user: undefined });
  expect(plan("auto:size=10,uidmapping=0:1000:1,gidmapping=3:50:2", ROOT)).toEqual({
    uids: "0 1000 1, 1 100500 9",
    gids: "0 200500 3, 3 50 2, 5 200503 5",
    user: undefined,
  });
  // In a user's terms: the 501st of the subordinate ids.
  expect(plan("auto:size=20", ALICE).uids).toBe("0 501 20");
});

test("maps are root's as they are, and a user's within what the user has", () => {
  expect(plan(maps(["0:5000:100", "100:9000"], ["0:7000:100"]), ROOT)).toEqual({
    uids: "0 5000 100, 100 9000 1",
    gids: "0 7000 100",
    user: undefined,
  });
  expect(plan(maps(["0:1:100", "100:0"]), ALICE).uids).toBe("0 1 100, 100 0 1");
  expect(() => plan(maps(["0:65000:1000"]), ALICE)).toThrow("65999 is beyond the 65537");
});

test("an outer id of the host's is looked up among the user's", () => {
  expect(plan(maps(["0:@1000", "5:@100004:2"], ["0:@1001"]), ALICE)).toEqual({
    uids: "0 0 1, 5 5 2",
    gids: "0 0 1",
    user: undefined,
  });
  expect(() => plan(maps(["0:@1"]), ALICE)).toThrow("id 1 of the host");
});

test("a mapping with + takes its ids from the others, and alone it is added to all that a user has", () => {
  expect(plan(maps(["0:1:1000", "+5:2000", "+2000:8"]), ALICE).uids).toBe("0 1 5, 5 2000 1, 6 7 1, 8 9 992, 2000 8 1");
  expect(plan(maps(["+7:1"]), ALICE).uids).toBe("0 0 1, 1 2 6, 7 1 1, 8 8 65529");
  expect(plan(maps(["+u7:1"]), ALICE)).toMatchObject({ uids: "0 0 1, 1 2 6, 7 1 1, 8 8 65529", gids: "0 0 65537" });
});

test("names stand for all of their subordinate ids", () => {
  expect(plan({ mode: "subordinate", users: "a", groups: "b" }, ROOT).uids).toBe("0 100000 10, 10 100100 5");
  expect(
    plan({ mode: "subordinate", users: "a", groups: "b" }, { ...ALICE, maps: { ...ALICE.maps, gids: ALICE.maps.uids } })
      .uids,
  ).toBe("0 1 10, 10 101 5");
});
