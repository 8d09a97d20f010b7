import { bootFiles } from "../vm/disk.ts";
import { sampleData } from "./registry.ts";
import { debianRoot, SUITES } from "./root.ts";
import { stackData } from "./stack/stack.ts";

// What hosts and machines are made of, before tests that run beside each other all make it.
for (const suite of SUITES) await debianRoot(suite);
await sampleData();
await stackData();
for (const suite of SUITES) await bootFiles(suite);
