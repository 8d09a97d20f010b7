import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject } from "../../src/json.ts";
import { formatClaim } from "../../src/runtime/network/connect/port-claims.ts";
import type { Host } from "../../test/host/host.ts";
import { inRounds, measureBy, scaled } from "./rounds.ts";
import type { Row } from "./table.ts";
import { containerFile, generate } from "./units.ts";

/** How many there are of what grows, besides the one that is measured. */
const COUNTS = [0, 100, 1000] as const;
/** A thousand may cost ten times what a hundred cost. */
const GOALS: Row["goals"] = [{ column: "1000", of: "100", factor: 10 }];
const FIELDS = ["wall"] as const;

interface Growth {
  readonly what: string;
  /** Makes so many of it; what an earlier call has made is there still. */
  readonly grow: (host: Host, count: number) => Promise<void>;
  /** The command that is measured, and what undoes it. */
  readonly command: (count: number) => string;
  readonly undo?: (count: number) => string;
}

const LEASES = "/run/berth/networks/growing/leases";
const SET_UPS = "/run/berth/network-setups";
const CONTAINERS = "/run/berth/containers";
const INDEX = "/var/lib/berth/images/index.json";
const start = (unit: string) => ({ command: () => `systemctl start ${unit}`, undo: () => `systemctl stop ${unit}` });

const GROWTHS: readonly Growth[] = [
  { what: "ps, by records", grow: growRecords, command: () => "berth ps --all > /dev/null" },
  { what: "start, by records", grow: growRecords, ...start("berth-crun-host") },
  { what: "images, by images", grow: growImages, command: () => "berth images > /dev/null" },
  { what: "start, by images", grow: growImages, ...start("berth-crun-host") },
  { what: "start, by leases", grow: growLeases, ...start("growing") },
  { what: "start with a port, by publishers", grow: growPublishers, ...start("growing-port") },
  {
    what: "start, by its published ports",
    grow: async () => {},
    command: (count) => `systemctl start growing-${count}`,
    undo: (count) => `systemctl stop growing-${count}`,
  },
];

/** What commands take with more and more records, images, leases and ports; the generators' rows have files. */
export async function measureGrowth(host: Host, rounds: number): Promise<Row[]> {
  await writeGrowing(host);
  const rows: Row[] = [];
  for (const { what, grow, command, undo } of GROWTHS) {
    const values: Record<string, readonly number[]> = {};
    for (const count of COUNTS) {
      await grow(host, count);
      const results = await inRounds(rounds, [String(count)], FIELDS, () =>
        measureBy(
          host,
          FIELDS,
          `from=$(now); ${command(count)}; to=$(now); ${undo?.(count) ?? ":"}; echo $((to - from))`,
        ),
      );
      Object.assign(values, results.wall);
    }
    await grow(host, 0);
    rows.push({ what, unit: "ms", rounds: scaled(values, 1 / 1000), goals: GOALS });
  }
  await host.sh("systemctl stop berth-runc-host growing-publisher");
  return rows;
}

/** The units that are measured here alone, and containers whose records are copied. */
async function writeGrowing(host: Host): Promise<void> {
  await host.ok(["berth", "network", "create", "--subnet", "10.99.0.0/16", "growing"]);
  await host.write("/bench/growing/growing.container", containerFile("berth-crun", "growing"));
  for (const count of COUNTS) {
    const ports = count === 0 ? "" : `PublishPort=127.0.0.1:20000-${20_000 + count - 1}:20000-${20_000 + count - 1}\n`;
    await host.write(`/bench/growing/growing-${count}.container`, containerFile("berth-crun", "growing", ports));
  }
  for (const [name, port] of Object.entries({ port: 18_000, publisher: 18_001 })) {
    const text = containerFile("berth-crun", "growing", `PublishPort=127.0.0.1:${port}:80\n`);
    await host.write(`/bench/growing/growing-${name}.container`, text);
  }
  await generate(host, "/bench/growing");
  await host.sh("systemctl start berth-runc-host growing-publisher");
}

/** Names of what is made here begin so, for all to be found again. */
const MADE = "ffff";

/** The running container whose record is copied, and how many copies there are; 0 removes them. */
async function originalAndMade(folder: string, count: number): Promise<readonly [original: string, made: number]> {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{32,}(\.json)?$/.test(name));
  const made = names.filter((name) => name.startsWith(MADE));
  if (count === 0) for (const name of made) await rm(join(folder, name), { recursive: true });
  const [original] = names.filter((name) => !name.startsWith(MADE));
  if (original === undefined) throw new Error(`no container runs whose record in ${folder} could be copied`);
  return [original.replace(".json", ""), made.length];
}

const madeId = (original: string, n: number) => `${MADE}${String(n).padStart(original.length - MADE.length, "0")}`;

async function growRecords(host: Host, count: number): Promise<void> {
  const folder = host.path(CONTAINERS);
  const [original, made] = await originalAndMade(folder, count);
  const record = await readFile(join(folder, original, "record.json"), "utf8");
  for (let n = made; n < count; n++) {
    const id = madeId(original, n);
    await mkdir(join(folder, id), { mode: 0o700 });
    await writeFile(join(folder, id, "record.json"), record.replaceAll(original, id));
  }
}

async function growPublishers(host: Host, count: number): Promise<void> {
  const folder = host.path(SET_UPS);
  const claims = join(folder, ".published");
  const [original, made] = await originalAndMade(folder, count);
  if (count === 0) {
    const links = await readdir(claims);
    for (const name of links.filter((it) => it.startsWith(MADE))) await rm(join(claims, name));
  }
  const record = await readFile(join(folder, `${original}.json`), "utf8");
  for (let n = made; n < count; n++) {
    const id = madeId(original, n);
    await writeFile(join(folder, `${id}.json`), record.replaceAll(original, id));
    const ports = [{ protocol: "tcp", hostPort: 30_000 + n, range: 1, hostIp: "127.0.0.1" }] as const;
    await symlink(formatClaim({ name: id, ports }), join(claims, id));
  }
}

async function growImages(host: Host, count: number): Promise<void> {
  const [path, saved] = [host.path(INDEX), host.path(`${INDEX}.bench`)];
  if (count === 0) {
    await cp(saved, path, { force: true }).catch(() => cp(path, saved));
    return;
  }
  const index: unknown = JSON.parse(await readFile(saved, "utf8"));
  if (!isJsonObject(index) || !Array.isArray(index.manifests)) throw new Error(`${INDEX} is no index`);
  const [entry] = index.manifests as readonly unknown[];
  if (!isJsonObject(entry) || !isJsonObject(entry.annotations)) throw new Error(`${INDEX} has no image with a name`);
  const { annotations } = entry;
  const more = Array.from({ length: count }, (_, n) => ({
    ...entry,
    annotations: { ...annotations, "org.opencontainers.image.ref.name": `localhost/growing:${n}` },
  }));
  await writeFile(path, JSON.stringify({ ...index, manifests: [...index.manifests, ...more] }));
}

async function growLeases(host: Host, count: number): Promise<void> {
  const folder = host.path(LEASES);
  await mkdir(folder, { recursive: true });
  if (count === 0) for (const name of await readdir(folder)) await rm(join(folder, name));
  for (let n = 0; n < count; n++) await writeFile(join(folder, `10.99.${2 + (n >> 8)}.${n & 255}`), `${MADE}${n}`);
}
