import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { bootWithImages, property } from "./containers.ts";
import { type Host, type Result, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

const TOOLS = sample("tools:1");
/** How often a payload's exchange of a folder and a link is raced with. */
const RACES = 10;

/** What a payload's root tries inside, as a shell's script, and what it prints. */
const ATTEMPTS: Readonly<Record<string, readonly [script: string, prints: string]>> = {
  "reads what is masked": ["cat /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug | wc -c", "0\n"],
  "writes to the kernel": [
    `for at in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/sys/vm/drop_caches /proc/sys/kernel/modprobe \\
      /proc/irq/default_smp_affinity /sys/kernel/uevent_helper /sys/power/state /sys/fs/cgroup/cgroup.procs; do
      if (echo 1 > $at); then echo "$at is written"; fi; done`,
    "",
  ],
  "changes mounts": [
    `mkdir -p /mnt; mount -t tmpfs x /mnt && echo tmpfs; mount -o remount,rw /sys && echo remount
     mount -o bind / /mnt && echo bind; umount /proc/keys && echo unmasked; mount -t proc x /mnt && echo proc
     mount -t cgroup2 x /mnt && echo cgroup`,
    "",
  ],
  "makes namespaces": ["unshare -m true && echo mount; nsenter -t 1 -n true && echo entered", ""],
  "makes cgroups": ["mkdir /sys/fs/cgroup/x && echo made; echo $$ > /sys/fs/cgroup/cgroup.procs && echo moved", ""],
  "opens disks": ["mknod /disk b 8 0; head -c1 /disk; head -c1 /dev/sda; head -c1 /dev/mem", ""],
  "sets the machine's clock and name": [
    "date -s 2001-01-01 > /dev/null; [ $(date +%Y) -gt 2001 ] || echo clock; hostname evil && echo name",
    "",
  ],
  "looks for descriptors": ["ls -l /proc/1/fd | sed -n 's/.* -> //p' | grep -vE '^(pipe:|/dev/null|/proc/1/fd$)'", ""],
  "looks for sockets": ["grep -c @ /proc/net/unix", "0\n"],
  "looks for other processes": ["set -- /proc/[0-9]*; echo $#", "1\n"],
  "kills all that it can": ["trap '' TERM; kill -TERM -1; echo alive", "alive\n"],
  "becomes the program that started it": ["exec /proc/self/exe true", ""],
};

/** What a payload leaves in its root and in a volume, as a program of Perl. */
const LEAVINGS: Readonly<Record<string, string>> = {
  "folders in folders": 'for (1 .. 5000) { mkdir "d"; chdir "d" }',
  "many files": 'for (1 .. 20000) { open F, ">", $_ }',
  "odd names": `for ("a\\nb", "n" x 255, "\\xff\\xfe", "-rf", ".wh.x", ".wh..wh..opq", " ", "\\e[31m", "\\\\", "_data") { open F, ">", $_ }`,
  "odd kinds": `system "mkfifo p; ln -s nowhere dangling; ln -s loop loop; ln -s /etc out; ln p q";
    use Socket; socket S, PF_UNIX, SOCK_STREAM, 0; bind S, sockaddr_un("s");
    open F, ">", "sparse"; truncate F, 2 ** 36; chmod 06755, "sparse"`,
  "what nobody may enter": 'mkdir "m"; open F, ">", "m/f"; chmod 0, "m/f", "m"; mkdir "t"; chmod 01777, "t"',
};

/** What a payload has put in place before somebody enters its container; what `berth exec` says then. */
const TRAPS: Readonly<Record<string, readonly [script: string, exec: readonly string[], says: RegExp]>> = {
  "a fifo as /etc/passwd": ["rm /etc/passwd; mkfifo /etc/passwd", ["true"], /^berth: .*\/etc\/passwd in the container/],
  "an endless /etc/group": ["ln -sf /dev/zero /etc/group", ["true"], /^berth: .*\/etc\/group in the container/],
  "the kernel's log as /etc/passwd": ["ln -sf /proc/kmsg /etc/passwd", ["-u", "x", "true"], /^berth: .*a link to/],
  "a huge /etc/passwd": ["truncate -s 3G /etc/passwd", ["-u", "x", "true"], /^berth: .* is longer than/],
  "an open folder as the working directory": ["rm -r /home/app; ln -s /proc/self/fd/7 /home/app", ["pwd"], /\S/],
  "a link out in place of a program": ["ln -s ../../../../canary/file /bin/x", ["x"], /^berth: .*\S/],
  "the runtime itself as a program": ["printf '#!/proc/self/exe\\n' > /bin/x; chmod 755 /bin/x", ["/bin/x"], /\S/],
};

describeOnSuites("both", "a hostile payload on %s", (suite) => {
  let host: Host;
  const as = (user: string) => ({ user, timeout: 30_000 });

  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.ok(["berth", "pull", "--quiet", TOOLS], as("alice"));
    await host.sh("mkdir /canary; echo precious > /canary/file; systemd-run --quiet --unit=victim sleep 10000");
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  const outside = () =>
    host.sh(`stat -c '%n %i %s %a %u:%g %Y %Z' /canary /canary/*
      sha256sum /usr/local/bin/berth /usr/sbin/runc
      systemctl is-active victim; cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname`);
  /** Starts a service that sleeps once it has run a script. */
  async function prey(name: string, script: string, ...flags: readonly string[]): Promise<void> {
    await host.ok([
      ...["berth", "run", "-d", "--name", name, "--network", "none", "--stop-signal", "KILL", ...flags, TOOLS],
      ...["sh", "-c", `${script}\ntouch /ready; exec sleep 1000`],
    ]);
    const pid = await property(host, `berth-${name}`, "MainPID");
    await until(`${name} to be ready`, () => existsSync(host.path(`/proc/${pid}/root/ready`)));
  }

  hostTest("reaches nothing of the host from inside, in either scope", async () => {
    const before = await outside();
    const seen: Record<string, string> = {};
    for (const user of ["root", "alice"]) {
      for (const [what, [script, prints]] of Object.entries(ATTEMPTS)) {
        const argv = ["berth", "run", "--network", "none", TOOLS, "sh", "-c", `exec 2>/dev/null; ${script}`];
        const { stdout } = await host.run(argv, as(user));
        if (stdout !== prints) seen[`${user} ${what}`] = stdout;
      }
    }
    expect(seen).toEqual({});
    expect(await outside()).toBe(before);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("leaves nothing that anyone stumbles over", async () => {
    const wrong: Record<string, string> = {};
    for (const [what, program] of Object.entries(LEAVINGS)) {
      const script = `for at in / /v; do cd $at; mkdir left; cd left; perl -e '${program}'; done; ls -d /v/left`;
      const run = ["berth", "run", "--network", "none", "-v", "left:/v", TOOLS, "sh", "-c"];
      const steps: readonly (readonly string[])[] = [
        [...run, script],
        [...run, "find /v/left | head -c1; rm -r /v/left/s"],
        ["berth", "volume", "export", "--output", "/root/left.tar", "left"],
        ["berth", "volume", "rm", "left"],
        ["berth", "cleanup", "--stale"],
      ];
      for (const [at, argv] of steps.entries()) {
        const { exitCode, stderr } = await host.run(argv, as("root"));
        // A socket is no member of an archive; in the second step only one of them has one to remove.
        if (exitCode !== 0 && at !== 1) wrong[`${what}, step ${at}`] = `${exitCode} ${stderr.slice(-300)}`;
      }
    }
    expect(wrong).toEqual({});
    expect(await leftovers(host)).toBe("");
    expect(await host.ok(["ls", "/var/lib/berth/volumes"])).toBe("");
  });

  hostTest("traps nobody who enters its container", async () => {
    const before = await outside();
    const wrong: Record<string, Result> = {};
    for (const [what, [script, words, says]] of Object.entries(TRAPS)) {
      await prey("prey", script);
      const options = words[0] === "-u" ? words.slice(0, 2) : [];
      const argv = ["berth", "exec", ...options, "prey", ...words.slice(options.length)];
      const result = await host.run(argv, { timeout: 15_000 });
      if (result.exitCode === 0 || result.exitCode === 137 || !says.test(result.stderr)) wrong[what] = result;
      if (result.stdout !== "") wrong[what] = result;
      await host.ok(["berth", "stop", "prey"]);
    }
    expect(wrong).toEqual({});
    expect(await outside()).toBe(before);
    expect(await leftovers(host)).toBe("");
  });

  // CVE-2019-5736: who enters a container is for a moment a process of the host's program in it.
  hostTest("does not get hold of the programs of those who enter", async () => {
    const before = await outside();
    const watch = `perl -e 'while (1) { for (glob "/proc/[0-9]*/exe") { my $at = readlink or next;
      next if $at =~ m{^/usr/bin/(perl|busybox)|^/bin/}; open S, ">>", "/seen"; print S "$at\\n"; open F, "+<", $_ and print F "x" } }' &`;
    await prey("watcher", watch);
    for (let round = 0; round < RACES; round++) {
      expect((await host.run(["berth", "exec", "watcher", "true"])).exitCode).toBe(0);
    }
    await host.ok(["berth", "stop", "watcher"]);
    expect(await outside()).toBe(before);
  });

  hostTest("leads neither an export nor a change of owners out of its volume", async () => {
    await host.sh(`berth volume create swapped; cd /var/lib/berth/volumes/swapped/_data; mkdir x
      echo own > x/file; ln -s /canary link`);
    const before = await outside();
    const swap = `perl -e 'chdir "/v"; while (1) { rename "x", "d"; rename "link", "x"; rename "x", "link"; rename "d", "x" }' &`;
    await prey("swapper", swap, "-v", "swapped:/v");
    for (let round = 0; round < RACES; round++) {
      const { stdout } = await host.run(["sh", "-c", "berth volume export swapped | tar xO"]);
      expect(stdout, `export ${round}`).not.toContain("precious");
      await host.run(["berth", "run", "--network", "none", "--user", "1234", "-v", "swapped:/w:U", TOOLS, "true"]);
      expect(await outside(), `owner ${round}`).toBe(before);
    }
    await host.ok(["berth", "stop", "swapper"]);
    expect(await host.ok(["stat", "-c", "%u", "/var/lib/berth/volumes/swapped/_data"])).toBe("1234");
    expect(await leftovers(host)).toBe("");
  });
});
