import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  leaseAddresses,
  leasesDir,
  releaseAddress,
  releaseAddresses,
} from "../../../../src/runtime/network/connect/address-leases.ts";
import { type Scope, systemScope } from "../../../../src/scope.ts";
import {
  defaultNetwork,
  type NetworkDefinition,
  type SubnetDefinition,
} from "../../../../src/state/network-definition.ts";

let root: string;
let scope: Scope;
let leases: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-leases-"));
  scope = systemScope(root);
  leases = leasesDir(scope, "net");
});
afterEach(() => rmSync(root, { recursive: true }));

const network = (...subnets: SubnetDefinition[]): NetworkDefinition => ({ ...defaultNetwork(), name: "net", subnets });
const SMALL = network({ subnet: "192.0.2.0/29", gateway: "192.0.2.1" });
const lease = (owner: string, definition = SMALL, wanted: string[] = []) =>
  leaseAddresses(scope, definition, owner, wanted).join(" ");
const held = () =>
  readdirSync(leases)
    .filter((name) => !name.startsWith("last"))
    .sort();

test("leaves out the network, the gateway and the broadcast address", () => {
  expect(["a", "b", "c", "d", "e"].map((owner) => lease(owner))).toEqual([2, 3, 4, 5, 6].map((n) => `192.0.2.${n}`));
  expect(() => lease("f")).toThrow("no free address in 192.0.2.0/29 of network net");
});

test("leaves out a gateway in the middle, and uses the first address then", () => {
  const middle = network({ subnet: "192.0.2.0/29", gateway: "192.0.2.3" });
  expect(["a", "b", "c"].map((owner) => lease(owner, middle))).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.4"]);
});

test("crosses byte borders", () => {
  const wide = network({ subnet: "10.87.0.0/16", gateway: "10.87.0.1" });
  for (let count = 0; count < 254; count++) lease("owner", wide);
  expect(lease("owner", wide)).toBe("10.87.1.0");
});

test("keeps to the range, ends included", () => {
  const ranged = network({
    subnet: "192.0.2.0/24",
    gateway: "192.0.2.1",
    lease_range: { start_ip: "192.0.2.254", end_ip: "192.0.2.255" },
  });
  expect(lease("a", ranged)).toBe("192.0.2.254");
  expect(() => lease("b", ranged)).toThrow("no free address");
  expect(lease("b", ranged, ["192.0.2.9"])).toBe("192.0.2.9");
});

test("gives one address of each subnet, fixed ones where they belong", () => {
  const dual = network({ subnet: "192.0.2.0/29", gateway: "192.0.2.1" }, { subnet: "fd00::/64", gateway: "fd00::1" });
  expect(lease("a", dual)).toBe("192.0.2.2 fd00::2");
  expect(lease("b", dual, ["fd00:0:0:0::aa"])).toBe("192.0.2.3 fd00::aa");
  expect(lease("c", dual)).toBe("192.0.2.4 fd00::3");
});

test.each([
  [["192.0.2.2"], "address 192.0.2.2 is in use in network net"],
  [["192.0.2.1"], "address 192.0.2.1 is the gateway of network net"],
  [["198.51.100.2"], "address 198.51.100.2 is outside of network net (192.0.2.0/29)"],
  [
    ["192.0.2.3", "192.0.2.4"],
    "address 192.0.2.4 is outside of network net (192.0.2.0/29), or the second in one subnet",
  ],
  [["fd00::2"], "address fd00::2 is outside of network net"],
] as [string[], string][])("says why %j cannot be had", (wanted, message) => {
  lease("a");
  expect(() => lease("b", SMALL, wanted)).toThrow(message);
  // Asked again by who has it, an address is no obstacle.
  expect(lease("a", SMALL, ["192.0.2.2"])).toBe("192.0.2.2");
});

test("gives nothing where others give addresses", () => {
  const none: NetworkDefinition = { ...network(), ipam_options: { driver: "none" } };
  expect(lease("a", none)).toBe("");
  expect(() => lease("a", none, ["192.0.2.2"])).toThrow("network net gives no addresses");
});

test("does not hand out at once what has just come back", () => {
  const first = lease("a");
  releaseAddress(leases, first, "a");
  expect(lease("b")).toBe("192.0.2.3");
  for (const owner of ["c", "d", "e"]) lease(owner);
  expect(lease("f")).toBe(first);
});

test("takes back only from the owner", () => {
  const address = lease("a");
  releaseAddress(leases, address, "b");
  expect(held()).toEqual([address]);
  releaseAddress(leases, address, "a");
  releaseAddress(leases, address, "a");
  expect(held()).toEqual([]);
});

test("takes back what dead owners hold", () => {
  releaseAddresses(leases, () => true);
  const [mine] = [lease("alive"), lease("dead")];
  releaseAddresses(leases, (owner) => owner !== "alive");
  expect(held()).toEqual([`${mine}`]);
});

test("leaves alone the note of the last address that another process is making", () => {
  lease("one");
  const note = join(leases, "last-192.0.2.0.123.new");
  writeFileSync(note, "192.0.2.3");
  writeFileSync(join(leases, "dead.new"), "dead");
  releaseAddresses(leases, (owner) => owner !== "one");
  expect(existsSync(note)).toBe(true);
  expect(existsSync(join(leases, "dead.new"))).toBe(false);
});

/** Takes addresses until it is ended, and says which it has got. */
const TAKER = `
  const [source, root, count] = process.argv.slice(1);
  const { leaseAddresses } = await import(source + "/src/runtime/network/connect/address-leases.ts");
  const { systemScope } = await import(source + "/src/scope.ts");
  const { writeSync } = await import("node:fs");
  const network = { name: "net", ipam_options: { driver: "host-local" }, subnets: [
    { subnet: "192.0.2.0/24", gateway: "192.0.2.1" }, { subnet: "fd00::/64", gateway: "fd00::1" } ] };
  for (let n = 0; n < Number(count); n++)
    for (const address of leaseAddresses(systemScope(root), network, "owner-" + process.pid, [])) writeSync(1, address + "\\n");`;
const taker = (count: number) =>
  Bun.spawn([process.execPath, "-e", TAKER, join(import.meta.dir, "../../../.."), root, `${count}`], {
    stdout: "pipe",
  });

test("gives different addresses to processes that ask at the same time", async () => {
  const got = (await Promise.all([1, 2, 3].map(() => taker(30).stdout.text()))).join("").trim().split("\n");
  expect(got).toHaveLength(180);
  expect(new Set(got).size).toBe(180);
});

test("loses and leaks none when processes are killed while they take some", async () => {
  mkdirSync(leases, { recursive: true });
  const owners: string[] = [];
  for (let round = 0; round < 3; round++) {
    const children = [1, 2, 3].map(() => taker(10_000));
    // Whatever they are doing when the first has been given something.
    for (const { stdout } of children) await stdout.getReader().read();
    for (const child of children) {
      child.kill("SIGKILL");
      await child.exited;
      owners.push(`owner-${child.pid}`);
    }
  }
  expect(held().length).toBeGreaterThan(0);
  releaseAddresses(leases, (owner) => owners.includes(owner));
  expect(held()).toEqual([]);
});

test("an address that stands for all of its subnet is nobody's", () => {
  for (const address of ["192.0.2.0", "192.0.2.7"])
    expect(() => lease("a", SMALL, [address])).toThrow(
      `address ${address} stands for all of 192.0.2.0/29, network net`,
    );
  const six = network({ subnet: "fd00::/126" });
  expect(() => lease("a", six, ["fd00::"])).toThrow("stands for all of");
  expect(lease("a", six, ["fd00::3"])).toBe("fd00::3");
});

test("a launcher that was killed while it noted the last address leaves nothing", () => {
  lease("a");
  writeFileSync(join(leases, "dead.new"), "192.0.2.3");
  releaseAddresses(leases, (owner) => owner === "dead");
  expect(readdirSync(leases).sort()).toEqual(["192.0.2.2", "last-192.0.2.0"]);
});
