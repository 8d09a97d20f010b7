import { expect, test } from "bun:test";
import { type EnvironmentInput, payloadEnvironment } from "../../../src/runtime/container/environment.ts";

const NOTHING: EnvironmentInput = {
  image: [],
  host: {},
  passHost: false,
  files: [],
  assignments: [],
  home: "/root",
  hostname: "box",
  tty: false,
  own: {},
};

function environment(input: Partial<EnvironmentInput>): Record<string, string> {
  const lines = payloadEnvironment({ ...NOTHING, ...input });
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

test("has a path, a home and a host name when nobody says anything", () => {
  expect(environment({})).toEqual({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    container: "oci",
    HOSTNAME: "box",
    HOME: "/root",
  });
  expect(environment({ tty: true }).TERM).toBe("xterm");
});

test("takes what is said later: image, proxies, host, files, assignments", () => {
  const layers: Partial<EnvironmentInput>[] = [
    { image: ["http_proxy=image"] },
    { host: { http_proxy: "host" } },
    { files: ["http_proxy=first", "http_proxy=file\n"] },
    { assignments: ["http_proxy=early", "http_proxy=assignment"] },
  ];
  const seen = layers.map((_, count) => environment(Object.assign({}, ...layers.slice(0, count + 1))).http_proxy);
  expect(seen).toEqual(["image", "host", "file", "assignment"]);
  expect(environment({ image: ["A=image"], host: { A: "host" }, passHost: true }).A).toBe("host");
  expect(environment({ image: ["A=image"], host: { A: "host" } }).A).toBe("image");
});

test("fills HOME and HOSTNAME only where they are missing", () => {
  expect(environment({ image: ["HOME=/image"], assignments: ["HOSTNAME="] })).toMatchObject({
    HOME: "/image",
    HOSTNAME: "",
  });
});

test("passes on by name and by prefix what the host has", () => {
  const host = { ONE: "1", TWO_A: "a", TWO_B: "b=c" };
  expect(environment({ host, assignments: ["ONE", "TWO_*", "MISSING", "NONE_*"] })).toMatchObject({
    ONE: "1",
    TWO_A: "a",
    TWO_B: "b=c",
  });
  expect(environment({ host, assignments: ["ONE", "MISSING"] })).not.toHaveProperty("MISSING");
});

test("keeps what systemd tells the launcher to itself", () => {
  const host = { NOTIFY_SOCKET: "/run/systemd/notify", LISTEN_FDS: "3", WATCHDOG_PID: "7", MAINPID: "8", KEPT: "yes" };
  const passed = environment({ host, passHost: true, assignments: ["NOTIFY_SOCKET", "LISTEN_*"] });
  expect(Object.keys(passed).filter((name) => name in host)).toEqual(["KEPT"]);
  expect(environment({ host, passHost: true, own: { NOTIFY_SOCKET: "/run/notify/notify.sock" } }).NOTIFY_SOCKET).toBe(
    "/run/notify/notify.sock",
  );
});

test("reads environment files as podman does: no quotes, no escapes, names alone are passed on", () => {
  const file =
    '# comment\n\n  INDENTED= spaced \nQUOTED="a b"\r\nHASH=a#b\nBACK=\\n\nEMPTY=\nONE\nOTHER\n=nameless\nA=B=C';
  const seen = environment({ host: { ONE: "1" }, files: [file] });
  expect(seen).toMatchObject({
    INDENTED: " spaced ",
    QUOTED: '"a b"',
    HASH: "a#b",
    BACK: "\\n",
    EMPTY: "",
    ONE: "1",
    A: "B=C",
  });
  for (const name of ["OTHER", ""]) expect(Object.keys(seen)).not.toContain(name);
});

test("lets nothing override what berth itself has to tell", () => {
  expect(environment({ assignments: ["LISTEN_FDS=9"], own: { LISTEN_FDS: "2" } }).LISTEN_FDS).toBe("2");
});
