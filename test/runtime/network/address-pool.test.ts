import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  gatewayOf,
  leaseAddress,
  releaseAddress,
  releaseAddresses,
} from "../../../src/runtime/network/address-pool.ts";

let leases: string;
beforeEach(() => {
  leases = join(mkdtempSync(join(tmpdir(), "berth-pool-")), "leases");
});
afterEach(() => rmSync(join(leases, ".."), { recursive: true }));

const held = () =>
  readdirSync(leases)
    .filter((name) => name !== "last")
    .sort();

test("leaves out the network, the gateway and the broadcast address", () => {
  const got = ["a", "b", "c", "d", "e"].map((owner) => leaseAddress(leases, "192.0.2.0/29", owner));
  expect(got).toEqual(["192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"]);
  expect(gatewayOf("192.0.2.0/29")).toBe("192.0.2.1");
  expect(() => leaseAddress(leases, "192.0.2.0/29", "f")).toThrow("no free address in 192.0.2.0/29");
});

test("crosses byte borders, and takes any address of the subnet for its base", () => {
  expect(gatewayOf("10.87.3.4/16")).toBe("10.87.0.1");
  for (let count = 0; count < 254; count++) leaseAddress(leases, "10.87.0.0/16", "owner");
  expect(leaseAddress(leases, "10.87.0.0/16", "owner")).toBe("10.87.1.0");
});

test("does not hand out at once what has just come back", () => {
  const first = leaseAddress(leases, "192.0.2.0/29", "a");
  releaseAddress(leases, first, "a");
  expect(leaseAddress(leases, "192.0.2.0/29", "b")).toBe("192.0.2.3");
  for (const owner of ["c", "d", "e"]) leaseAddress(leases, "192.0.2.0/29", owner);
  expect(leaseAddress(leases, "192.0.2.0/29", "f")).toBe(first);
});

test("takes back only from the owner", () => {
  const address = leaseAddress(leases, "192.0.2.0/29", "a");
  releaseAddress(leases, address, "b");
  expect(held()).toEqual([address]);
  releaseAddress(leases, address, "a");
  releaseAddress(leases, address, "a");
  expect(held()).toEqual([]);
});

test("takes back what dead owners hold", () => {
  releaseAddresses(leases, () => true);
  const [mine] = [leaseAddress(leases, "192.0.2.0/29", "alive"), leaseAddress(leases, "192.0.2.0/29", "dead")];
  releaseAddresses(leases, (owner) => owner !== "alive");
  expect(held()).toEqual([`${mine}`]);
});

test("leaves alone the note of the last address that another process is making", () => {
  leaseAddress(leases, "192.0.2.0/29", "one");
  const note = join(leases, "last.123.new");
  writeFileSync(note, "192.0.2.3");
  writeFileSync(join(leases, "dead.new"), "dead");
  releaseAddresses(leases, (owner) => owner !== "one");
  expect(existsSync(note)).toBe(true);
  expect(existsSync(join(leases, "dead.new"))).toBe(false);
});

test("gives different addresses to processes that ask at the same time", async () => {
  const script = `
    import { leaseAddress } from ${JSON.stringify(join(import.meta.dir, "../../../src/runtime/network/address-pool.ts"))};
    for (let n = 0; n < 30; n++) console.log(leaseAddress(process.env.LEASES, "192.0.2.0/24", "owner-" + process.pid));`;
  const children = [1, 2, 3].map(() =>
    Bun.spawn([process.execPath, "-e", script], { env: { ...process.env, LEASES: leases }, stdout: "pipe" }),
  );
  const got = (await Promise.all(children.map((child) => child.stdout.text()))).join("").trim().split("\n");
  expect(got).toHaveLength(90);
  expect(new Set(got).size).toBe(90);
});
