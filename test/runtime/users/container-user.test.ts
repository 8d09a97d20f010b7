import { describe, expect, test } from "bun:test";
import { missingEntries, resolveUser } from "../../../src/runtime/users/container-user.ts";

const DATABASE = {
  passwd: `root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:app:/home/app:/bin/sh
# a comment
broken:x:notanumber:0::/:
nohome:x:7:7:::
123:x:2000:2000::/home/numeric:
`,
  group: `root:x:0:root
app:x:1001:
video:x:44:other,app
audio:x:29:app
empty:x:45:
`,
};

describe("resolveUser", () => {
  test.each([
    ["", { uid: 0, gid: 0, groups: [], home: "/root" }],
    ["root", { uid: 0, gid: 0, groups: [0], home: "/root" }],
    ["0", { uid: 0, gid: 0, groups: [0], home: "/root" }],
    ["app", { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: "/home/app" }],
    ["1000", { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: "/home/app" }],
    ["app:video", { uid: 1000, gid: 44, groups: [44], home: "/home/app" }],
    ["app:5", { uid: 1000, gid: 5, groups: [5], home: "/home/app" }],
    ["app:", { uid: 1000, gid: 1001, groups: [1001, 44, 29], home: "/home/app" }],
    ["99", { uid: 99, gid: 0, groups: [0], home: "/" }],
    ["99:98", { uid: 99, gid: 98, groups: [98], home: "/" }],
    ["nohome", { uid: 7, gid: 7, groups: [7], home: "/" }],
    // A number is never a name.
    ["123", { uid: 123, gid: 0, groups: [0], home: "/" }],
    ["2000:123", { uid: 2000, gid: 123, groups: [123], home: "/home/numeric" }],
  ])("%p", (wanted, user) => {
    expect(resolveUser(wanted, DATABASE)).toEqual(user);
  });

  test.each(["nobody", "app:nogroup", "broken", "-1", "4294967295", "app:4294967295", "0x10", "1.5"])(
    "refuses %p",
    (wanted) => {
      expect(() => resolveUser(wanted, DATABASE)).toThrow(expect.objectContaining({ code: "no-such-user" }));
    },
  );

  test("works without databases", () => {
    expect(resolveUser("", { passwd: "", group: "" })).toEqual({ uid: 0, gid: 0, groups: [], home: "/" });
    expect(() => resolveUser("root", { passwd: "", group: "" })).toThrow("/etc/passwd");
  });
});

describe("missingEntries", () => {
  test.each([
    ["", "", ""],
    ["app", "", ""],
    ["app:video", "", ""],
    ["1000:44", "", ""],
    ["app:555", "", "555:x:555:app\n"],
    ["1234", "1234:*:1234:0:container user:/work:/bin/sh\n", ""],
    ["1234:555", "1234:*:1234:555:container user:/work:/bin/sh\n", "555:x:555:1234\n"],
    ["1234:video", "1234:*:1234:44:container user:/work:/bin/sh\n", ""],
  ])("%p", (wanted, passwd, group) => {
    expect(missingEntries(wanted, DATABASE, "/work")).toEqual({ passwd, group });
  });

  test("does not let a folder's name make a line of its own", () => {
    const { passwd } = missingEntries("1234", DATABASE, "/a\nevil::0:0:::");
    expect(passwd).toBe("1234:*:1234:0:container user:/:/bin/sh\n");
  });
});
