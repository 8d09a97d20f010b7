import { expect, test } from "bun:test";
import { generate } from "../../src/generator/generate.ts";

const HEAD = "[Container]\nImage=registry.example/app:1\n";

/** A variable that systemd would fill in. */
const PORT = "$" + "{PORT}";

/** `name:line:column: severity code` of each diagnostic of some files. */
function diagnose(files: Readonly<Record<string, string>>): string[] {
  const sources = sourcesOf(files);
  const { diagnostics } = generate(sources, { scope: "system", berth: "/usr/bin/berth" });
  return diagnostics.map(({ path, line, column, severity, code }) => `${path}:${line}:${column}: ${severity} ${code}`);
}
function sourcesOf(files: Readonly<Record<string, string>>) {
  return Object.entries(files).map(([name, text]) => ({
    name,
    path: `/etc/containers/systemd/${name}`,
    shownPath: name,
    content: Buffer.from(text),
    dropIns: [],
  }));
}
const inFile = (lines: string) => diagnose({ "a.container": `${HEAD}${lines}\n` });

test("a percent sign that is no specifier is an error in every key", () => {
  for (const line of [
    "Environment=URL=a%20b",
    "Label=x=%2F",
    "Exec=date +%x",
    "Volume=/a%1:/b",
    "HostName=h%0",
    "AddHost=x%x:192.0.2.1",
    "EnvironmentFile=/a%9",
    "WorkingDir=/%x",
    "Entrypoint=/%x",
    "Annotation=a=%5",
    "PodmanArgs=--label=a%z",
    "ContainerName=n%x",
    "Tmpfs=/t%x",
  ])
    expect(inFile(line).join(), line).toContain("error unknown-specifier");
  for (const type of ["network", "volume", "pod", "image"]) {
    const section = type.charAt(0).toUpperCase() + type.slice(1);
    const line = type === "image" ? "Image=registry.example/x%x:1" : "Label=a=%x";
    const text = `[${section}]\n${line}${type === "pod" ? "\nPodName=p" : ""}\n`;
    expect(diagnose({ [`a.${type}`]: text }).join(), type).toMatch(/error/);
  }
  expect(inFile("Environment=A=100%% B=%n C=50%")).toEqual([]);
});

test("words of Environment= that are no variables, and comments behind values", () => {
  for (const line of ["Environment=A=@every 1h", "Environment=A=-Xms2g -Xmx2g", "Environment=A=b # c"])
    expect(inFile(line).join(), line).toContain("error bad-variable");
  expect(inFile('Environment="A=@every 1h" B PREFIX_* C=d')).toEqual([]);
  expect(inFile("Exec=sleep 5 # six")).toEqual(["a.container:3:14: warning comment-behind-value"]);
  expect(inFile("Label=color=#fff")).toEqual([]);
});

test("what only a shell understands, and variables that nothing sets", () => {
  expect(inFile("Exec=echo a && sleep 5 | cat > /x")).toEqual([
    "a.container:3:13: warning no-shell",
    "a.container:3:24: warning no-shell",
    "a.container:3:30: warning no-shell",
  ]);
  expect(inFile("Exec=sh -c 'a && b | c > d'")).toEqual([]);
  expect(inFile(`Exec=serve ${PORT} $HOME $UNSET`)).toEqual([
    "a.container:3:12: warning unset-variable",
    "a.container:3:26: warning unset-variable",
  ]);
  expect(inFile("Exec=a; b $(date) >x 2>>y")).toEqual([
    "a.container:3:6: warning no-shell",
    "a.container:3:11: warning no-shell",
    "a.container:3:19: warning no-shell",
    "a.container:3:22: warning no-shell",
  ]);
  for (const fine of [
    "Exec=find / -exec ls {} ;",
    "Exec=grep '|' x=>y",
    "Exec=sh -c 'echo $A b; c > d'",
    "Label=a=$B/c",
  ])
    expect(inFile(fine), fine).toEqual([]);
  for (const line of ["Volume=$HOME/a:/b", "Image=$IMAGE:1", "Tmpfs=$A/b", "HostName=$A-b"])
    expect(inFile(line).join(), line).toContain("error bad-variable");
  expect(inFile("Entrypoint=$A/b")).toEqual([]);
  for (const set of ["Environment=PORT=1", "EnvironmentFile=/x", "PassEnvironment=PORT"])
    expect(inFile(`Exec=serve ${PORT}\n[Service]\n${set}`), set).toEqual([]);
});

test("a port of the host that is published twice", () => {
  const port = (...ports: string[]) => ports.map((one) => `PublishPort=${one}`).join("\n");
  expect(inFile(port("80:80", "80:81"))).toEqual(["a.container:4:13: error port-twice"]);
  expect(inFile(port("8000-8010:8000-8010", "0.0.0.0:8005:5"))).toEqual(["a.container:4:13: error port-twice"]);
  for (const fine of [
    ["80:80", "80:80/udp"],
    ["127.0.0.1:80:80", "127.0.0.2:80:80"],
    ["[::1]:80:80", "0.0.0.0:80:80"],
    [":80", ":80"],
    ["80", "80"],
    [`${PORT}:80`, `${PORT}:81`],
  ])
    expect(inFile(`${port(...fine)}\n[Service]\nEnvironment=PORT=1`), fine.join()).toEqual([]);
  const [a, b] = [`${HEAD}${port("80:80")}\n`, `${HEAD}${port("443:1", "80:2")}\n`];
  expect(diagnose({ "a.container": a, "b.container": b })).toEqual(["b.container:4:13: warning port-taken"]);
  expect(diagnose({ "a@.container": a, "b@.container": a })).toEqual([]);
});

test("what asks for what is so anyway is accepted, and nothing else of the kind", () => {
  const fine = ["LogDriver=journald", "LogDriver=passthrough", "SecurityLabelDisable=true", "AutoUpdate=none"];
  fine.push("HttpProxy=false", "AppArmor=unconfined", "SecurityLabelNested=no", "Label=io.containers.autoupdate=none");
  const options = ["label=disable", "label:disable", "apparmor=unconfined"].map((word) => `--security-opt ${word}`);
  const args = [...options, "--http-proxy=false", "--log-driver journald"].map((words) => `PodmanArgs=${words}`);
  for (const line of [...fine, ...args]) expect(inFile(line), line).toEqual([]);
  for (const line of [
    "LogDriver=k8s-file",
    "LogDriver=%i",
    "SecurityLabelDisable=no",
    "AutoUpdate=registry",
    "HttpProxy=yes",
    "PodmanArgs=--http-proxy=true",
    "PodmanArgs=--log-driver=k8s-file",
    "Label=io.containers.autoupdate=registry",
    "PodmanArgs=--security-opt label=type:x",
  ])
    expect(inFile(line).join(), line).toMatch(/error (?:not-supported-yet|bad-flag)/);
});

test("ports of a network without any are a warning, of another's network an error", () => {
  for (const network of ["host", "none"])
    expect(inFile(`Network=${network}\nPublishPort=80:80`)).toEqual(["a.container:4:1: warning port-without-network"]);
  expect(inFile("Network=container:x\nPublishPort=80:80")).toContain("a.container:4:1: error port-without-network");
});

test("mounts at places where no start can make them", () => {
  for (const line of [
    "Volume=/a:/",
    "Volume=data:/.",
    "Tmpfs=/",
    "Mount=type=bind,source=/a,destination=/",
    "Volume=/a:/proc",
    "Volume=/a:/sys/",
    "Volume=/a:/dev",
    "Volume=/a:/dev/null",
    "Volume=/dev/zero:/dev/null",
    "Volume=/a:/proc/version",
    "Tmpfs=/proc/acpi",
    "Mount=type=bind,source=/a,destination=/proc/sys/net",
  ])
    expect(inFile(line).join(), line).toContain("error kernel-place");
  for (const fine of [
    "Volume=/proc:/proc",
    "Volume=/dev:/dev",
    "Volume=/sys/fs/cgroup:/sys/fs/cgroup",
    "Volume=/dev/urandom:/dev/random",
    "Volume=/var/lib/lxcfs/proc/meminfo:/proc/meminfo:ro",
    "Volume=/a:/dev/shm",
    "Volume=./a:/dev",
    "Mount=type=glob,source=/etc/x*,destination=/",
  ])
    expect(inFile(fine), fine).toEqual([]);
});

test("files that are named by the specifiers of one's own name", () => {
  const app = (line: string) => `${HEAD}${line}\n`;
  const started = (files: Readonly<Record<string, string>>, unit: string) => {
    const sources = sourcesOf(files);
    const { files: units, diagnostics } = generate(sources, { scope: "system", berth: "/usr/bin/berth" });
    expect(diagnostics).toEqual([]);
    return units.find(({ name }) => name === unit)?.text ?? "";
  };
  const pod = { "a.container": app("Pod=%N.pod"), "a.pod": "[Pod]\n" };
  expect(started(pod, "a.service")).toContain("--pod systemd-a ");
  expect(started(pod, "a-pod.service")).toContain("Wants=a.service");
  const data = "[Volume]\n";
  const template = { "a@.container": app("Volume=d@%i.volume:/d"), "d@.volume": data };
  expect(started(template, "a@.service")).toContain("-v systemd-d-%i:/d ");
  const instance = { "a@x.container": app("Volume=d@%i.volume:/d"), "d@.volume": data };
  expect(started(instance, "a@x.service")).toContain("-v systemd-d-%i:/d ");
  expect(started({ ...instance, "d@x.volume": `${data}VolumeName=own\n` }, "a@x.service")).toContain("-v own:/d ");
  expect(
    started({ "a.container": `[Unit]\nAfter=%p.network\n${HEAD}`, "a.network": "[Network]\n" }, "a.service"),
  ).toContain("After=a-network.service");
  expect(diagnose({ "a.container": app("Pod=%N.pod"), "b.pod": "[Pod]\n" }).join()).toContain("error unit-not-found");
});
