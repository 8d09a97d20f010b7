import { chmod, cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bootHost, DIST_BERTH } from "../test/host/host.ts";
import { startRegistry } from "../test/host/registry.ts";

// Boots the host, starts the registry in it, and runs demo-story.sh there: the commands that a person would type.
const host = await bootHost({ suite: "bookworm", berth: false });
try {
  await startRegistry(host);
  await mkdir(host.path("/root/dist"));
  await cp(DIST_BERTH, host.path("/root/dist/berth"));
  const story = host.path("/root/story.sh");
  await cp(join(import.meta.dir, "demo-story.sh"), story);
  await chmod(story, 0o755);
  const env = { TERM: process.env.TERM ?? "dumb", SYSTEMD_PAGER: "", SYSTEMD_COLORS: process.stdout.isTTY ? "1" : "0" };
  const child = Bun.spawn(host.argv(["/root/story.sh"], { env }), { stdio: ["ignore", "inherit", "inherit"] });
  process.exitCode = await child.exited;
} finally {
  await host.close();
}
