import { afterAll, beforeAll, expect } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { TestScreen } from "../cli/output/screen.ts";
import { bootWithImages } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest, newestHostTest } from "./lane.ts";
import { REGISTRY, sample, startRegistry } from "./registry.ts";

/** Makes the link to the registry slow while `work` is done: some 5 MB then take several seconds. */
async function slowly<T>(host: Host, rate: string, work: () => Promise<T>): Promise<T> {
  await host.sh(`tc qdisc add dev lo root tbf rate ${rate} burst 256kb latency 400ms`);
  try {
    return await work();
  } finally {
    await host.ok(["tc", "qdisc", "del", "dev", "lo", "root"]);
  }
}

describeOnSuites("both", "images on %s", (suite) => {
  let host: Host;
  const TOOLS = sample("tools:1");
  const property = (unit: string, name: string) =>
    host.ok(["systemctl", "show", "--value", `--property=${name}`, unit]);
  const idOf = (name: string) => host.ok(["berth", "images", "--quiet", name]);

  beforeAll(async () => {
    if (hostLaneMisses() === undefined) host = await bootWithImages(suite);
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  hostTest("an image unit pulls with its own time-out, which is extended while bytes arrive", async () => {
    await host.write(
      "/etc/containers/systemd/tools.image",
      `[Image]\nImage=${TOOLS}\nRetry=1\nRetryDelay=10ms\n[Service]\nTimeoutStartSec=3\n`,
    );
    await host.write("/etc/containers/systemd/gone.image", `[Image]\nImage=${REGISTRY}/gone:1\n`);
    await host.ok(["systemctl", "daemon-reload"]);
    await slowly(host, "8mbit", async () => {
      await host.ok(["systemctl", "start", "--no-block", "tools-image"]);
      const told = /^Pulling 127\.0\.0\.1:5000\/tools:1: [\d.]+ [kM]B of [\d.]+ MB$/;
      await until("the status to tell of the pull", async () => told.test(await property("tools-image", "StatusText")));
      await until("the end of the pull", async () => (await property("tools-image", "ActiveState")) === "active");
    });
    const [begin, end] = await Promise.all([
      property("tools-image", "InactiveExitTimestampMonotonic"),
      property("tools-image", "ActiveEnterTimestampMonotonic"),
    ]);
    expect(Number(end) - Number(begin)).toBeGreaterThan(3_000_000);
    expect(await property("tools-image", "StatusText")).toBe("");
    expect(await idOf(TOOLS)).toMatch(/^[0-9a-f]{12}$/);
    expect((await host.run(["systemctl", "start", "gone-image"])).exitCode).toBe(1);
    expect(await host.journal("gone-image")).toContain(
      `pull ${REGISTRY}/gone:1: ${REGISTRY}/gone manifests/1: HTTP 404`,
    );
  });

  hostTest("an image unit is pulled once for all containers that refer to it", async () => {
    const container = (name: string) =>
      host.write(
        `/etc/containers/systemd/${name}.container`,
        "[Container]\nImage=shared.image\nNetwork=none\nStopSignal=KILL\nExec=sleep 1000\n",
      );
    await host.ok([
      "skopeo",
      "copy",
      "--quiet",
      "--src-tls-verify=false",
      `docker://${TOOLS}`,
      "docker-archive:/root/shared.tar:shared:1",
    ]);
    await host.write(
      "/etc/containers/systemd/shared.image",
      "[Image]\nImage=docker-archive:/root/shared.tar\nImageTag=docker.io/library/shared:1\n",
    );
    for (const name of ["one", "two", "three"]) await container(name);
    await host.ok(["systemctl", "daemon-reload"]);
    await host.ok(["systemctl", "start", "one", "two", "three"]);
    expect(await property("shared-image", "ActiveState")).toBe("active");
    const journal = await host.journal("shared-image");
    expect(journal.split("\n").filter((line) => /^[0-9a-f]{64}$/.test(line))).toHaveLength(1);
    const ran: { Image: string }[] = JSON.parse(await host.ok(["berth", "ps", "--format", "json"]));
    expect(ran.map(({ Image }) => Image)).toEqual(Array(3).fill("docker.io/library/shared:1"));
    await host.ok(["systemctl", "stop", "one", "two", "three", "shared-image"]);
    await host.ok(["rm", "/root/shared.tar"]);
    expect((await host.run(["systemctl", "start", "one"])).exitCode).toBe(1);
    expect(await host.journal("shared-image")).toContain("load /root/shared.tar");
    expect(await property("one", "ActiveState")).not.toBe("active");
    await host.ok(["berth", "image", "rm", "shared:1"]);
  });

  hostTest("an image unit of a user tells how far it is, and ends when its time is over without a byte", async () => {
    const alice = { user: "alice" } as const;
    const units = "/home/alice/.config/containers/systemd";
    await host.write(`${units}/tools.image`, `[Image]\nImage=${TOOLS}\n[Service]\nTimeoutStartSec=3\n`);
    await host.write(
      `${units}/app.container`,
      "[Container]\nImage=tools.image\nNetwork=none\nExec=echo up\n[Service]\nType=oneshot\n",
    );
    await host.write(`${units}/silent.image`, "[Image]\nImage=127.0.0.1:5999/silent:1\n[Service]\nTimeoutStartSec=1\n");
    await host.sh(`chown -R alice: /home/alice
      systemd-run --quiet perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
        bind(S, sockaddr_in(5999, INADDR_LOOPBACK)) or die; listen(S, 9); push @c, $c while accept($c, S)'`);
    const systemctl = (...words: string[]) => host.run(["systemctl", "--user", ...words], alice);
    await systemctl("daemon-reload");
    await slowly(host, "8mbit", async () => {
      await systemctl("start", "--no-block", "app");
      await until("the status to tell of the pull", async () =>
        / of [\d.]+ MB/.test((await systemctl("show", "--property=StatusText", "tools-image")).stdout),
      );
      await until(
        "the container to have run",
        async () =>
          (await systemctl("show", "--property=ExecMainStatus,Result", "app")).stdout.includes("Result=success") &&
          (await systemctl("is-active", "tools-image")).stdout === "active\n",
      );
    });
    expect((await systemctl("start", "silent-image")).exitCode).toBe(1);
    expect((await systemctl("show", "--value", "--property=Result", "silent-image")).stdout).toBe("timeout\n");
  });

  newestHostTest(
    suite,
    "a pull on a terminal has a line for each layer, in the width there is; quiet says nothing",
    async () => {
      for (const [columns, rows] of [
        [60, 24],
        [33, 5],
      ] as const) {
        await host.run(["berth", "rmi", "--force", sample("layers:1")]);
        // script(1) gives the command a pseudo-terminal and copies what is written there.
        const typed = await slowly(host, "20mbit", () =>
          host.ok([
            "script",
            "-qec",
            `stty rows ${rows} cols ${columns}; berth image pull ${sample("layers:1")}`,
            "/dev/null",
          ]),
        );
        const screen = new TestScreen(columns, rows);
        const progress = typed.slice(0, typed.lastIndexOf("\x1b[J"));
        screen.write(progress);
        const last = typed
          .slice(progress.length + "\x1b[J".length)
          .replaceAll("\r", "")
          .split("\n");
        expect(typed.split("\x1b[J").length).toBeGreaterThan(2);
        if (rows === 24)
          expect(last.slice(0, 4).every((line) => /^[0-9a-f]{12} {2}[\d.]+ [kM]?B, done$/.test(line))).toBe(true);
        else expect(last[0]).toBe("4 of 4 layers done");
        expect(last.findLast((line) => line !== "")).toMatch(/^[0-9a-f]{33,64}|[0-9a-f]{64}$/);
      }
      await host.ok(["berth", "rmi", sample("layers:1")]);
      const plain = await host.run(["berth", "pull", sample("layers:1")]);
      expect(plain.stderr.trim().split("\n")).toHaveLength(5);
      expect(plain.stderr).not.toContain("\x1b");
      await host.ok(["berth", "rmi", sample("layers:1")]);
      const quiet = await host.ok(["script", "-qec", `berth pull --quiet ${sample("layers:1")}`, "/dev/null"]);
      expect(quiet.replaceAll("\r", "")).toMatch(/^[0-9a-f]{64}$/);
      await host.ok(["berth", "image", "rm", sample("layers:1")]);
    },
  );

  hostTest("pulls out of archives and folders as skopeo writes them", async () => {
    await host.ok(["mkdir", "-p", "/root/archives"]);
    const copy = (to: string) =>
      host.ok(["skopeo", "copy", "--quiet", "--src-tls-verify=false", `docker://${TOOLS}`, to], {
        cwd: "/root/archives",
      });
    await copy("docker-archive:a.tar:registry.example/docker:1");
    await copy("oci-archive:b.tar:registry.example/oci:1");
    await copy("oci:c:one");
    await copy("oci:c:two");
    await copy("dir:d");
    const pull = (name: string) => host.run(["berth", "image", "pull", "--quiet", name], { cwd: "/root/archives" });
    const ids = new Set<string>();
    for (const name of ["docker-archive:a.tar", "oci-archive:b.tar:registry.example/oci:1", "oci:c:two", "dir:d"]) {
      const { stdout, stderr, exitCode } = await pull(name);
      expect({ name, stderr, exitCode }).toEqual({ name, stderr: "", exitCode: 0 });
      ids.add(stdout);
    }
    // The configuration is the same in all of them.
    expect(ids.size).toBe(1);
    for (const name of ["registry.example/docker:1", "registry.example/oci:1", "localhost/two:latest"])
      expect(await idOf(name)).toBe([...ids][0]?.slice(0, 12) ?? "");
    expect((await host.run(["berth", "image", "inspect", "localhost/one"])).exitCode).toBe(125);
    expect((await pull("oci:c")).stderr).toContain("it holds 2 images (localhost/one:latest, localhost/two:latest)");
    expect((await pull("containers-storage:x")).stderr).toContain("images are not taken from containers-storage:");
    const ran = await host.run([
      "berth",
      "run",
      "--network=none",
      "docker-archive:/root/archives/a.tar",
      "echo",
      "hello",
    ]);
    expect(ran).toMatchObject({ stdout: "hello\n", exitCode: 0 });
    await host.ok(["berth", "rmi", "--force", (await idOf(TOOLS)) || "registry.example/oci:1"]);
  });

  newestHostTest(
    suite,
    "newer asks the registry, and does with the image in the store when it does not answer",
    async () => {
      const name = `${REGISTRY}/moving:1`;
      const push = (from: string) =>
        host.ok([
          "skopeo",
          "copy",
          "--quiet",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
          `docker://${from}`,
          `docker://${name}`,
        ]);
      await host.write(
        "/etc/containers/systemd/moving.container",
        `[Container]\nImage=${name}\nPull=newer\nNetwork=none\nStopSignal=KILL\nExec=sleep 1000\n`,
      );
      await host.write("/etc/containers/systemd/moving.image", `[Image]\nImage=${name}\nPolicy=newer\n`);
      await host.ok(["systemctl", "daemon-reload"]);
      await push(TOOLS);
      await host.ok(["systemctl", "start", "moving"]);
      const first = await idOf(name);
      await push(sample("httpd:1"));
      await host.ok(["systemctl", "restart", "moving"]);
      const second = await idOf(name);
      expect(second).not.toBe(first);
      await host.ok(["systemctl", "start", "moving-image"]);
      expect(await host.journal("moving-image")).toContain("the registry has no other; using the image in the store");
      await host.ok(["systemctl", "stop", "test-registry"]);
      await host.ok(["systemctl", "restart", "moving", "moving-image"]);
      expect(await idOf(name)).toBe(second);
      expect(await host.journal("moving")).toContain("using the image in the store");
      await host.ok(["systemctl", "stop", "moving"]);
      const never = await host.run(["berth", "run", "--pull=never", `${REGISTRY}/none:1`]);
      expect(never).toMatchObject({ exitCode: 125 });
      expect(never.stderr).toContain("is not in the store, and it is not to be pulled (--pull never)");
      const missing = await host.run(["berth", "image", "pull", "--policy=never", `${REGISTRY}/none:1`]);
      expect(missing.stderr).toContain("is not in the store, and the policy is never");
      await startRegistry(host);
    },
  );

  hostTest(
    "an image that skopeo has encrypted is decrypted with a key that systemd hands over, and only so",
    async () => {
      const passphrase = "open: sesame";
      const { publicKey, privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase },
      });
      const name = `${REGISTRY}/secret:1`;
      await host.write("/etc/keys/image.pub", publicKey);
      await host.write("/etc/keys/image.key", privateKey);
      await host.write("/etc/keys/passphrase", `${passphrase}\n`);
      // As on a machine of its own: systemd's credentials are a mount that has to be seen by the service.
      await host.sh(`mount --make-rshared /; chmod 600 /etc/keys/image.key /etc/keys/passphrase
      skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false --encryption-key jwe:/etc/keys/image.pub \
        docker://${TOOLS} docker://${name}`);
      const units = "/etc/containers/systemd";
      await host.write(`${units}/locked.image`, `[Image]\nImage=${name}\n`);
      await host.write(
        `${units}/secret.image`,
        `[Image]\nImage=${name}\nDecryptionKey=%d/image.key:file=%d/passphrase\n
[Service]\nLoadCredential=image.key:/etc/keys/image.key\nLoadCredential=passphrase:/etc/keys/passphrase\n`,
      );
      await host.write(
        `${units}/secret.container`,
        "[Container]\nImage=secret.image\nNetwork=none\nExec=cat /etc/issue\n[Service]\nType=oneshot\n",
      );
      await host.ok(["systemctl", "daemon-reload"]);
      expect((await host.run(["systemctl", "start", "locked-image"])).exitCode).toBe(1);
      const why = /pull 127\.0\.0\.1:5000\/secret:1: layer sha256:[0-9a-f]{64}: it is encrypted, and no key is given/;
      expect(await host.journal("locked-image")).toMatch(why);
      expect(await idOf(name)).toBe("");
      await host.ok(["systemctl", "start", "secret"]);
      expect(await host.journal("secret")).toContain("sample");
      expect(await host.ok(["berth", "verify"])).toContain("The store is sound.");
      // What the store has is there for all containers, but nobody gets it from the registry again without the key.
      expect(await host.ok(["berth", "run", "--network=none", name, "cat", "/etc/issue"])).toBe("sample");
      expect((await host.run(["systemctl", "start", "locked-image"])).exitCode).toBe(1);
      await host.ok(["berth", "image", "rm", "--force", name]);
      await host.sh(
        "mkdir -p /home/alice/keys; cp /etc/keys/image.key /home/alice/keys; chown -R alice: /home/alice/keys",
      );
      const asAlice = (key: string) =>
        host.run(["berth", "run", "--quiet", "--network=none", "--decryption-key", key, name, "cat", "/etc/issue"], {
          user: "alice",
          cwd: "/home/alice/keys",
        });
      const wrong = await asAlice("image.key:sesame");
      expect(wrong.stderr).toBe("berth: error: decryption key /home/alice/keys/image.key: the passphrase is wrong\n");
      expect(await asAlice(`image.key:${passphrase}`)).toMatchObject({ stdout: "sample\n", exitCode: 0 });
    },
  );

  newestHostTest(suite, "what the administrator forbids is neither pulled, loaded nor started", async () => {
    const policy = "/etc/containers/policy.json";
    const conf = "/etc/containers/registries.conf.d/zz-block.conf";
    const name = sample("httpd:1");
    await host.run(["berth", "rmi", "--force", name]);
    await host.write("/etc/containers/systemd/locked.container", `[Container]\nImage=${name}\n`);
    await host.sh(`systemctl daemon-reload; cp --archive ${policy} /root/policy.json
      skopeo copy --quiet --src-tls-verify=false docker://${TOOLS} oci-archive:/root/locked.tar:locked:1`);
    const refusedBy = async (reason: string) => {
      for (const words of ["pull", "image pull", "run --network=none"]) {
        const { exitCode, stderr } = await host.run(["berth", ...words.split(" "), name]);
        expect([exitCode, stderr], words).toEqual([125, expect.stringContaining(reason)]);
      }
      expect((await host.run(["systemctl", "start", "locked"])).exitCode).toBe(1);
      expect(await host.journal("locked")).toContain(reason);
      expect(await idOf(name)).toBe("");
    };
    await host.write(policy, '{"default":[{"type":"reject"}]}');
    try {
      await refusedBy(`${policy} rejects it by default`);
      const load = await host.run(["berth", "load", "--input=/root/locked.tar"]);
      expect([load.exitCode, load.stderr]).toEqual([125, expect.stringContaining(`${policy} rejects it by default`)]);
      const alice = await host.run(["berth", "pull", name], { user: "alice" });
      expect([alice.exitCode, alice.stderr]).toEqual([125, expect.stringContaining(`${policy} rejects it by default`)]);
    } finally {
      await host.sh(`mv /root/policy.json ${policy}`);
    }
    await host.write(conf, `[[registry]]\nlocation = "${REGISTRY}"\nblocked = true\n`);
    try {
      await refusedBy(`${conf} blocks ${REGISTRY}`);
    } finally {
      await host.sh(`rm ${conf} /etc/containers/systemd/locked.container; systemctl daemon-reload`);
    }
    await host.ok(["berth", "pull", "--quiet", name]);
  });

  newestHostTest(suite, "every tag, other platforms, and what is refused", async () => {
    const all = await host.run(["berth", "pull", "--quiet", "--all-tags", `${REGISTRY}/layers`]);
    expect(all).toMatchObject({ stderr: "", exitCode: 0 });
    expect(all.stdout.trim().split("\n")).toHaveLength(4);
    const tags = (await host.ok(["berth", "image", "ls", "--format", "{{.Tag}}"])).split("\n");
    for (const tag of ["1", "zstd", "docker", "umoci"]) expect(tags).toContain(tag);
    const some = await host.run(["berth", "pull", "-q", `${REGISTRY}/no:1`, TOOLS, `${REGISTRY}/no:2`]);
    expect(some.stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(some.stderr).toMatch(/^berth: error: pull \S+no:1: .*HTTP 404.*; pull \S+no:2: .*HTTP 404.*\n$/);
    expect(some.exitCode).toBe(125);
    const berth = async (...argv: string[]) => (await host.run(["berth", ...argv])).stderr;
    expect(await berth("pull", "--platform", "linux/arm64", "--arch", "arm64", TOOLS)).toContain(
      "--platform says what",
    );
    expect(await berth("pull", "--decryption-key", "/k", TOOLS)).toContain("decryption key /k: there is no such file");
    expect(await berth("pull", "--retry", "often", TOOLS)).toContain("--retry often");
    expect(await berth("pull", "--authfile", "/none.json", TOOLS)).toContain("/none.json");
    expect(await berth("pull", "--cert-dir", "/none", TOOLS)).toContain("there is no folder /none");
    expect(await berth("run", "--retry-delay", "10", TOOLS)).toContain('"10" is not a duration');
    expect(await berth("run", "--pull=never", "--arch=arm64", sample("layers:1"))).toContain(
      "for another platform only",
    );
  });
});
