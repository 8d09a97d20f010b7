import { expect, test } from "bun:test";
import { resolveSeccomp, seccompProfile } from "../../../src/runtime/spec/seccomp.ts";

const CONTEXT = {
  architecture: "amd64",
  seccompArchitecture: "SCMP_ARCH_X86_64",
  capabilities: ["CAP_CHOWN", "CAP_SYS_ADMIN"],
  kernel: "6.12.3+deb13-amd64",
};
const ALLOW = "SCMP_ACT_ALLOW";

/** Which of these rules apply. */
function kept(rules: Record<string, object>, context: Partial<typeof CONTEXT> = {}): string[] {
  const syscalls = Object.entries(rules).map(([name, rule]) => ({ names: [name], action: ALLOW, ...rule }));
  const resolved = resolveSeccomp({ defaultAction: "SCMP_ACT_ERRNO", syscalls }, { ...CONTEXT, ...context });
  return resolved.syscalls.flatMap(({ names }) => names);
}

test("includes a rule if all that it asks for is there", () => {
  expect(
    kept({
      always: {},
      empty: { includes: {}, excludes: {} },
      empty_lists: { includes: { caps: [], arches: [], minKernel: "" }, excludes: { caps: [] } },
      admin: { includes: { caps: ["CAP_SYS_ADMIN"] } },
      both: { includes: { caps: ["CAP_SYS_ADMIN", "CAP_CHOWN"] } },
      one_of_two: { includes: { caps: ["CAP_SYS_ADMIN", "CAP_BPF"] } },
      here: { includes: { arches: ["arm64", "amd64"] } },
      elsewhere: { includes: { arches: ["s390x"] } },
      admin_elsewhere: { includes: { arches: ["s390x"], caps: ["CAP_SYS_ADMIN"] } },
    }),
  ).toEqual(["always", "empty", "empty_lists", "admin", "both", "here"]);
});

test("excludes a rule if anything that it names is there", () => {
  expect(
    kept({
      not_admin: { excludes: { caps: ["CAP_SYS_ADMIN"] } },
      not_bpf: { excludes: { caps: ["CAP_BPF"] } },
      neither: { excludes: { caps: ["CAP_BPF", "CAP_SYS_ADMIN"] } },
      not_here: { excludes: { arches: ["amd64"] } },
      not_there: { excludes: { arches: ["s390x"] } },
      here_or_bpf: { excludes: { arches: ["amd64"], caps: ["CAP_BPF"] } },
    }),
  ).toEqual(["not_bpf", "not_there"]);
});

test.each([
  ["4.7.9", ["old"]],
  ["4.8.0", ["old", "new"]],
  ["5.0", ["old", "new"]],
  ["10.1-rc1", ["old", "new"]],
])("compares kernel versions as numbers: %s", (kernel, expected) => {
  const rules = { old: { includes: { minKernel: "3.19" } }, new: { includes: { minKernel: "4.8" } } };
  expect(kept(rules, { kernel })).toEqual(expected);
});

test("writes the runtime specification's form", () => {
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrno: "ENOSYS",
    archMap: [
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    ],
    syscalls: [
      { names: ["bpf"], action: "SCMP_ACT_ERRNO", errno: "EPERM", args: [], comment: "left out" },
      { name: "socket", action: "SCMP_ACT_ERRNO", errnoRet: 22, errno: "EPERM", args: [{ index: 0, value: 16 }] },
      { names: ["read"], action: ALLOW, args: null },
    ],
  };
  expect(resolveSeccomp(seccompProfile(profile, "", refuse), CONTEXT)).toEqual({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [
      { names: ["bpf"], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
      { names: ["socket"], action: "SCMP_ACT_ERRNO", errnoRet: 22, args: [{ index: 0, value: 16 }] },
      { names: ["read"], action: ALLOW },
    ],
  });
});

test("keeps a profile's own list of architectures", () => {
  const profile = { defaultAction: ALLOW, architectures: ["SCMP_ARCH_X86_64"], syscalls: [] };
  expect(resolveSeccomp(seccompProfile(profile, "", refuse), CONTEXT)).toEqual(profile);
});

test("a profile that is not one is refused by the place in it", () => {
  const rule = { names: ["mount"], action: "SCMP_ACT_ALLOW", includes: { caps: "CAP_SYS_ADMIN" } };
  const profile = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [rule] };
  expect(() => seccompProfile(profile, "", refuse)).toThrow("syscalls[0].includes.caps is not an array");
});

function refuse(why: string): never {
  throw new Error(why);
}
