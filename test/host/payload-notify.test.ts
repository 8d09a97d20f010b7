import { afterAll, beforeAll, expect } from "bun:test";
import { bootWithImages, install, property, reaches } from "./containers.ts";
import { type Host, until } from "./host.ts";
import { describeOnSuites, hostLaneMisses, hostTest } from "./lane.ts";
import { leftovers } from "./leftovers.ts";
import { sample } from "./registry.ts";

/**
 * Speaks to systemd from inside a container: each argument is a message, with commas for newlines. `fork` sends what
 * follows from a process that ends at once, `store` has systemd keep a descriptor, `wait` waits for the file /go/on,
 * `flood` sends 20,000 messages.
 */
const SPEAK = String.raw`
use Socket;
use POSIX;
$| = 1;
my $address = pack_sockaddr_un($ENV{NOTIFY_SOCKET});
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die;
my $say = sub { send($socket, $_[0] =~ s/,/\n/gr, 0, $address) // die "send: $!" };
my $store = sub {
  my $text = "FDSTORE=1\nFDNAME=kept";
  my $vector = pack("PQ", $text, length $text);
  my $control = pack("Qlllx4", 20, 1, 1, fileno(STDOUT));
  my $header = pack("PQPQPQQ", $address, length $address, $vector, 1, $control, length $control, 0);
  syscall((uname())[4] eq "x86_64" ? 46 : 211, fileno($socket), $header, 0) >= 0 or die "sendmsg: $!";
};
$SIG{TERM} = $SIG{ABRT} = sub { exit 0 };
if ($ENV{USER_ID}) { $( = $) = $ENV{USER_ID}; $< = $> = $ENV{USER_ID} }
for (@ARGV) {
  if ($_ eq "child") { $child = fork() // die; if (!$child) { $SIG{TERM} = "DEFAULT"; sleep 1000 } next }
  if ($_ eq "end") { exit 0 }
  if ($_ eq "fork") { $forks = 1; next }
  if ($_ eq "wait") { select(undef, undef, undef, 0.02) until -e "/go/on"; next }
  if ($_ eq "flood") { $say->("STATUS=flood $_,MAINPID=$ENV{VICTIM}") for 1 .. 20000; next }
  if ($_ eq "store") { $store->(); next }
  s/CHILD/$child/;
  if ($forks && !fork()) { $say->($_); exec "true" }
  $say->($_) if !$forks;
}
print "said\n";
sleep 1000;
`;

/** How long something takes: milliseconds. */
async function timed(work: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work;
  return performance.now() - from;
}

describeOnSuites("both", "a payload that notifies systemd on %s", (suite) => {
  let host: Host;
  let victim: string;
  beforeAll(async () => {
    if (hostLaneMisses() !== undefined) return;
    host = await bootWithImages(suite, ["tools:1"]);
    await host.write("/srv/speak.pl", SPEAK);
    await host.sh("mkdir -p /srv/go && systemd-run --unit victim sleep 5000");
    victim = await property(host, "victim.service", "MainPID");
  }, 400_000);
  afterAll(async () => {
    await host?.close();
  });

  /** Installs a service whose payload says these words, and starts it unless it says something first. */
  async function speaker(name: string, words: readonly string[], more = ""): Promise<void> {
    const exec = words.map((word) => `"${word}"`).join(" ");
    await host.sh("rm -f /srv/go/on");
    const lines = [
      "Notify=true",
      "Network=none",
      "Volume=/srv:/srv:ro",
      "Volume=/srv/go:/go:ro",
      `Environment=VICTIM=${victim}`,
    ];
    const text = `[Container]\nImage=${sample("tools:1")}\n${lines.join("\n")}\nExec=perl /srv/speak.pl ${exec}\n${more}`;
    await install(host, { [`${name}.container`]: text });
    await host.ok(["systemctl", "start", `${name}.service`]);
  }

  /** The words that stand for a PID of a process that is none of the container's. */
  const strangers = () => ["1", victim, "4000000", "0", "-1", "+1", "1 "].map((pid) => `MAINPID=${pid}`);

  hostTest("keeps its main process, whatever PID it names", async () => {
    const ways: Record<string, readonly string[]> = {
      before: [...strangers(), "READY=1", `MAINPID=${victim}`],
      after: ["READY=1", ...strangers()],
      together: [`READY=1,MAINPID=${victim},STATUS=one`, `MAINPID=${victim},MAINPID=2,READY=1,STATUS=done`],
      shortlived: ["READY=1", "fork", ...strangers()],
    };
    for (const [name, words] of Object.entries(ways)) {
      for (const user of ["0", "1000"]) {
        await speaker(name, [...words, "STATUS=all said"], `Environment=USER_ID=${user}\n`);
        const status = name === "shortlived" ? /./ : /^all said$/;
        await until("its status", async () => status.test(await property(host, name, "StatusText")));
        const main = await property(host, name, "MainPID");
        expect(await host.ok(["cat", `/proc/${main}/comm`]), `${name}, uid ${user}`).toBe("perl");
        await host.ok(["systemctl", "stop", name]);
        expect(await property(host, name, "Result")).toBe("success");
      }
    }
    expect(await property(host, "victim.service", "MainPID")).toBe(victim);
    expect(await property(host, "victim.service", "ActiveState")).toBe("active");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("may name a process of its own", async () => {
    await speaker("own", ["child", "READY=1,MAINPID=CHILD", "STATUS=done"]);
    await until("its status", async () => (await property(host, "own", "StatusText")) === "done");
    const main = await property(host, "own", "MainPID");
    expect(await host.ok(["cat", `/proc/${main}/cgroup`])).toContain("/own.service/");
    expect((await host.ok(["cat", `/proc/${main}/status`])).match(/^NSpid:\s+\d+\s+(\d+)$/m)?.[1]).not.toBe("1");
    await host.ok(["systemctl", "stop", "own"]);
    expect(await leftovers(host)).toBe("");
  });

  hostTest("is heard in all that concerns itself", async () => {
    const service = "[Service]\nWatchdogSec=2\nTimeoutStartSec=3\nFileDescriptorStoreMax=4\n";
    const words = [
      "EXTEND_TIMEOUT_USEC=60000000",
      "wait",
      "READY=1",
      "WATCHDOG=1",
      "STATUS=working",
      "RELOADING=1,READY=1",
    ];
    const started = speaker("good", words, service);
    await Bun.sleep(3500);
    await host.write("/srv/go/on", "");
    await started;
    await until("its status", async () => (await property(host, "good", "StatusText")) === "working");
    await reaches(host, "good", "failed");
    expect(await property(host, "good", "Result")).toBe("watchdog");
    await host.ok(["systemctl", "reset-failed", "good"]);
    await speaker("store", ["READY=1", "store", "wait", "STOPPING=1", "end"], "[Service]\nFileDescriptorStoreMax=4\n");
    await until("its descriptor", async () => (await property(host, "store", "NFileDescriptorStore")) === "1");
    await host.write("/srv/go/on", "");
    await reaches(host, "store", "inactive");
    expect(await leftovers(host)).toBe("");
  });

  hostTest("does not keep others from systemd by a flood, and is heard to its end", async () => {
    await speaker("flood", ["READY=1", "flood"]);
    await until("its status", async () => (await property(host, "flood", "StatusText")).startsWith("flood"));
    const [beside = 0] = await Promise.all([
      timed(host.ok(["systemctl", "list-units"])),
      speaker("calm", ["READY=1", "STATUS=calm"]),
    ]);
    expect(beside).toBeLessThan(2000);
    await until("its status", async () => (await property(host, "calm", "StatusText")) === "calm");
    const main = await property(host, "flood", "MainPID");
    expect(await host.ok(["cat", `/proc/${main}/comm`])).toBe("perl");
    await host.ok(["systemctl", "restart", "flood"]);
    await host.ok(["systemctl", "stop", "flood", "calm"]);
    expect(await property(host, "victim.service", "MainPID")).toBe(victim);
    // Nothing of it stays in memory once nothing is said.
    await until(
      "its readers to end",
      async () => (await host.sh("systemctl list-units --plain --no-legend 'berth-notify@*' | cat")) === "",
    );
    expect(await leftovers(host)).toBe("");
  });

  hostTest("fills nothing of the host by its own files, and reaches no terminal by its lines", async () => {
    const files = "/etc/hosts /etc/hostname /run/.containerenv";
    const fill = `for f in ${files}; do dd if=/dev/zero of=$f bs=1M count=64; done; echo "<0>said"; sleep 1000`;
    await install(host, {
      "fill.container": `[Container]\nImage=${sample("tools:1")}\nNetwork=none\nStopSignal=KILL\nExec=sh -c '${fill.replaceAll("$", "$$")}'\n`,
    });
    const used = async () => Number((await host.sh("df -k --output=used /run/berth | tail -1")).trim());
    const before = await used();
    await host.ok(["systemctl", "start", "fill"]);
    await until("its line", async () => (await host.journal("fill")).includes("said"));
    expect((await used()) - before).toBeLessThan(1024);
    expect((await host.journal("fill")).match(/No space left on device/g)?.length).toBe(3);
    const entry = await host.sh("journalctl --unit fill --output json | grep -F '<0>said\"'");
    expect(JSON.parse(entry)).toMatchObject({ MESSAGE: "<0>said", PRIORITY: "6" });
    await host.ok(["systemctl", "stop", "fill"]);
    expect(await leftovers(host)).toBe("");
  });
});
