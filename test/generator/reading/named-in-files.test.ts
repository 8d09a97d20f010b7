import { expect, test } from "bun:test";
import { namedInFiles } from "../../../src/generator/reading/named-in-files.ts";

const source = (name: string, text: string, dropIn?: string) => ({
  name,
  path: `/etc/containers/systemd/${name}`,
  shownPath: name,
  content: Buffer.from(text),
  dropIns: dropIn === undefined ? [] : [{ shownPath: `${name}.d/a.conf`, content: Buffer.from(dropIn) }],
});

const { volumes, images } = namedInFiles([
  source(
    "app.container",
    '[Container]\nImage = app\nVolume=plain:/p:ro\nVolume=/srv:/s\nVolume="quoted:/q"\nVolume=of.volume:/o\n' +
      "Mount=type=volume,source=mounted,destination=/m\nMount=type=bind,src=/srv,dst=/x\nPodmanArgs=--volume flag:/f -v short:/s\nImge=broken\n",
    "[Container]\nVolume=\\\n  dropped:/d\n",
  ),
  source(
    "job@.container",
    "[Container]\nImage=registry.example/job:%i\nVolume=job-%i-data:/data\nVolume=x.y-$" + "{N}:/z\n",
  ),
  source("of.volume", "[Volume]\n"),
  source("own.volume", "[Volume]\nVolumeName=chosen\n"),
  source("each@.volume", "[Volume]\n"),
  { ...source("gone.container", ""), content: { failure: "gone" } },
]);

test("volumes that files name in any way", () => {
  for (const name of ["plain", "quoted", "mounted", "flag", "short", "dropped", "systemd-of", "chosen"])
    expect(volumes(name), name).toBe(true);
  for (const name of ["job-1-data", "job-a-b-data", "x.y-3", "systemd-each@one"])
    expect(volumes(name), name).toBe(true);
  for (const name of ["other", "of", "of.volume", "/srv", "", "job-data", "xzy-3", "plain2"])
    expect(volumes(name), name).toBe(false);
});

test("images that files name, by any of their full names", () => {
  const named = images((name) => [`docker.io/library/${name}:latest`, `localhost/${name}:latest`]);
  for (const name of ["docker.io/library/app:latest", "localhost/app:latest", "registry.example/job:7"])
    expect(named(name), name).toBe(true);
  for (const name of ["docker.io/library/app:2", "registry.example/other:7", ""]) expect(named(name), name).toBe(false);
});
