/**
 * Makes what hosts and machines are made of, where it is not there yet: bun test/host/prepare.ts [hosts|machines].
 */
import { bootFiles } from "../vm/disk.ts";
import { sampleData } from "./registry.ts";
import { debianRoot, SUITES } from "./root.ts";
import { stackData } from "./stack/stack.ts";

const wanted = process.argv[2];
if (wanted !== "machines") {
  await Promise.all(SUITES.map((suite) => debianRoot(suite)));
  await sampleData();
  await stackData();
}
if (wanted !== "hosts") for (const suite of SUITES) await bootFiles(suite);
