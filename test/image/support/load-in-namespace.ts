import { openStore } from "../../../src/image/store/store.ts";
import { loadImages } from "../../../src/image/transport/load.ts";

/** Run in a user namespace by user-namespace.test.ts: loads an archive and prints its layers and what verify says. */
const [stateDir = "", archive = ""] = process.argv.slice(2);
const store = openStore(stateDir);
const [image] = await loadImages({ path: archive }, { store });
console.log(JSON.stringify({ layers: image?.layers, problems: await store.verify() }));
