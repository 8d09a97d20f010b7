import { expect, test } from "bun:test";
import { generate } from "../../src/generator/generate.ts";

const HEAD = "[Container]\nImage=registry.example/app:1\n";

/** A variable that systemd would fill in. */
const PORT = "$" + "{PORT}";

/** `name:line:column: severity code` of each diagnostic of some files. */
function diagnose(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([name, text]) => ({
    name,
    path: `/etc/containers/systemd/${name}`,
    shownPath: name,
    content: Buffer.from(text),
    dropIns: [],
  }));
  const { diagnostics } = generate(sources, { scope: "system", berth: "/usr/bin/berth" });
  return diagnostics.map(({ path, line, column, severity, code }) => `${path}:${line}:${column}: ${severity} ${code}`);
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
  const args = ["label=disable", "label:disable", "apparmor=unconfined"].map(
    (word) => `PodmanArgs=--security-opt ${word}`,
  );
  for (const line of [...fine, ...args]) expect(inFile(line), line).toEqual([]);
  for (const line of [
    "LogDriver=k8s-file",
    "LogDriver=%i",
    "SecurityLabelDisable=no",
    "AutoUpdate=registry",
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
