import { expect, test } from "bun:test";
import { findUser } from "../../../src/runtime/user-namespace/host-user.ts";
import { consecutiveMap, parseSubordinateIds } from "../../../src/runtime/user-namespace/subordinate-ids.ts";

const FILE =
  "alice:100000:65536\nbob:1:2\n# alice:1:1\nalice:300000:10\n1000:400000:5\nalice:x:5\nalice:5:0\nalice:7\n";

test("a user's lines are found by name and by uid, and what is no line is passed over", () => {
  const alice = [
    { start: 100000, size: 65536 },
    { start: 300000, size: 10 },
  ];
  expect(parseSubordinateIds(FILE, "alice")).toEqual(alice);
  expect(parseSubordinateIds(FILE, "alice", 1000)).toEqual([...alice, { start: 400000, size: 5 }]);
  expect(parseSubordinateIds(FILE, "nobody")).toEqual([]);
});

test("several spans are mapped one after another", () => {
  expect(
    consecutiveMap([
      { start: 100, size: 10 },
      { start: 500, size: 5 },
    ]),
  ).toEqual([
    { inside: 0, outside: 100, size: 10 },
    { inside: 10, outside: 500, size: 5 },
  ]);
});

test("a user of the host is found by name or uid", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\nbroken:x\n";
  const alice = { name: "alice", uid: 1000, gid: 1001, dynamic: false };
  expect(findUser(passwd, "alice")).toEqual(alice);
  expect(findUser(passwd, "1000")).toEqual(alice);
  expect(findUser(passwd, "broken")).toBeUndefined();
});
