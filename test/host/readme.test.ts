import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootWithImages } from "./containers.ts";
import type { Host } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";

const README = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");

/** The commands of the README, in order, with the chapter they stand in. */
function commandBlocks(): { chapter: string; script: string }[] {
  let chapter = "";
  const found: { chapter: string; script: string }[] = [];
  for (const [, heading, script] of README.matchAll(/^## (.*)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (script === undefined) chapter = heading ?? "";
    else found.push({ chapter, script });
  }
  return found;
}

/** What must be seen of a chapter's commands, besides that they succeed. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "A first container": ["0 errors", "active (running)", "hello from httpd", "ExecStart=/usr/local/bin/berth run"],
  "Socket activation": ["hello from app", "hello from httpd", "wiki-proxy.service"],
  "Several containers: pods, networks, volumes, images": ["shop-clock.service", "hello from httpd", "systemd-front"],
  "Who did it: the audit login uid": ["1000"],
  Commands: ["systemd-job", "sample", "app: serving 1 socket(s)", "hello", '"Unit": "berth-web.service"'],
  "Images and registries": ["registry.example/httpd", "The store is sound."],
  "When something is wrong": [README.match(/```text\n(.*\n)```/)?.[1]?.trim() ?? ""],
  "As an ordinary user": ["hello from app", "active (running)", "app.service"],
};

/** A registry that is called registry.example, without TLS, as berth.conf says. */
async function nameRegistry(host: Host): Promise<void> {
  await host.sh("echo 127.0.0.1 registry.example >> /etc/hosts");
  await host.write("/etc/berth/berth.conf", '[registry "registry.example"]\nInsecure=yes\n');
  await host.write("/etc/systemd/system/named.socket", "[Socket]\nListenStream=127.0.0.1:80\n");
  await host.write(
    "/etc/systemd/system/named.service",
    "[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:5000\n",
  );
  await host.sh("systemctl daemon-reload; systemctl start named.socket");
}

describeOnSuites("both", "the README's commands on %s", (suite) => {
  let host: Host;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite);
    await nameRegistry(host);
    // A server listens a moment after its service has started, on a busy machine also after the commands that follow.
    for (const home of ["/root", "/home/alice"]) await host.write(`${home}/.curlrc`, "retry = 9\nretry-connrefused\n");
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("do what it says, word by word", async () => {
    const seen = new Map<string, string>();
    for (const { chapter, script } of commandBlocks()) {
      const user = chapter === "As an ordinary user" ? "alice" : "root";
      const options = user === "root" ? { user, loginuid: 1000 } : { user };
      // A failed service is what that chapter is about.
      const flags = chapter === "When something is wrong" ? "-uc" : "-euc";
      const { stdout, stderr, exitCode } = await host.run(["bash", flags, script], options);
      const expected = flags === "-uc" ? 3 : 0;
      expect({ chapter, exitCode, said: exitCode === expected || stdout + stderr }).toEqual({
        chapter,
        exitCode: expected,
        said: true,
      });
      seen.set(chapter, `${seen.get(chapter) ?? ""}${stdout}${stderr}`);
    }
    expect([...seen.keys()]).toEqual(Object.keys(EXPECTED));
    for (const [chapter, words] of Object.entries(EXPECTED))
      for (const word of words) expect(seen.get(chapter)).toContain(word);
  });

  hostTest("and afterwards berth can be removed", async () => {
    const refused = await host.run(["berth", "setup", "--uninstall"]);
    expect(refused.stderr).toStartWith("berth: error: containers are running: ");
    await host.sh("systemctl stop app.socket wiki.socket app wiki site; berth setup --uninstall");
    expect(await host.sh("ls /usr/local/bin; systemctl show --property=LoadState --value app.service")).toBe(
      "not-found",
    );
    expect(await host.sh("ls /etc/containers/systemd")).toContain("app.container");
  });
});
