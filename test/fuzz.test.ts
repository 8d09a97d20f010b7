// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's variables, not JavaScript's.
import { expect, test } from "bun:test";
import { BerthError } from "../src/error.ts";
import { generate } from "../src/generator/generate.ts";
import { parseImageConfig } from "../src/image/document/image-config.ts";
import { parseDocument } from "../src/image/document/manifest.ts";
import { parseReference } from "../src/image/reference.ts";
import { parseMount } from "../src/options/values/mount/mount.ts";
import { parseTmpfs } from "../src/options/values/mount/tmpfs.ts";
import { parseVolume } from "../src/options/values/volume.ts";
import { missingEntries, resolveUser } from "../src/runtime/users/container-user.ts";
import { IS_SOAK, SEED } from "./host/lane.ts";
import { mutate } from "./unit/mutation.ts";
import { Random } from "./unit/random.ts";

const ROUNDS = IS_SOAK ? 200_000 : 10_000;

const PIECES: readonly string[] = [
  ..."/ : @ . .. , ; = - _ 0 1 -1 65536 a web x.y %i ${X} ~ * \" ' \\ \n \0 é 😀".split(" "),
  ..."localhost registry.example sha256:00 :5000 /dev /proc type=tmpfs type=volume src=a dst=/x ro size=1m O U".split(
    " ",
  ),
  " ",
  "root:x:0:0::/:\n",
  "4294967296",
  "__proto__",
];
const textOf = (random: Random) => Array.from({ length: random.below(9) }, () => random.pick(PIECES)).join("");

const KEYS: readonly string[] =
  "Image Exec Volume Mount Tmpfs PublishPort Network Environment User UserNS Pod Secret Ulimit Sysctl Label PodmanArgs IP Device".split(
    " ",
  );
function sectionOf(random: Random): Buffer {
  const lines = Array.from({ length: random.below(6) }, () => `${random.pick(KEYS)}=${textOf(random)}\n`);
  return Buffer.from(
    `[${random.pick(["Container", "Volume", "Network", "Pod", "Service"])}]\nImage=web:1\n${lines.join("")}`,
  );
}

const MEMBERS = [
  ..."schemaVersion mediaType config layers manifests digest size annotations platform os architecture rootfs".split(
    " ",
  ),
  ..."diff_ids Env Cmd Entrypoint User Volumes Labels WorkingDir ExposedPorts history __proto__ created".split(" "),
];
/** Any JSON value of a few levels, with the members that documents of images have. */
function anyValue(random: Random, depth: number): unknown {
  const kind = random.below(depth === 0 ? 6 : 9);
  if (kind === 0) return null;
  if (kind === 1) return random.pick([0, -1, 2, 1e21, 2 ** 53, 0.5]);
  if (kind === 2) return random.below(2) === 0;
  if (kind < 6) return textOf(random);
  const values = Array.from({ length: random.below(5) }, () => anyValue(random, depth - 1));
  return kind === 6 ? values : Object.fromEntries(values.map((value) => [random.pick(MEMBERS), value]));
}

/** Each kind of input; an error of berth's own is an answer, any other is not. */
const KINDS: Readonly<Record<string, (random: Random) => void>> = {
  "sets of unit files": (random) => {
    const name = `a.${random.pick(["container", "volume", "network", "pod", "image"])}`;
    const source = {
      name,
      path: `/q/${name}`,
      shownPath: name,
      content: random.below(4) === 0 ? mutate(random) : sectionOf(random),
      dropIns: [],
    };
    const { diagnostics } = generate([source], { scope: "system", berth: "/berth" });
    const internal = diagnostics.find(({ code }) => code === "internal-error");
    if (internal !== undefined) throw new Error(internal.message);
  },
  "references and values": (random) => {
    parseVolume(textOf(random));
    parseMount(textOf(random));
    parseTmpfs(textOf(random));
    parseReference(textOf(random));
  },
  "documents of images": (random) => {
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, config: anyValue(random, 3), layers: anyValue(random, 3) }),
    );
    (random.below(2) === 0 ? parseDocument : parseImageConfig)(bytes);
  },
  "databases of users": (random) => {
    const database = { passwd: textOf(random), group: textOf(random) };
    missingEntries(textOf(random), database, "/");
    resolveUser(textOf(random), database);
  },
};

test.each(Object.entries(KINDS))(
  `%s give an answer, ${ROUNDS} times (BERTH_TEST_SEED=${SEED})`,
  (_, act) => {
    const random = new Random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      try {
        act(random);
      } catch (error) {
        if (!(error instanceof BerthError)) throw new Error(`round ${round}`, { cause: error });
        expect(error.message).not.toBe("");
      }
    }
  },
  IS_SOAK ? 3_600_000 : 120_000,
);
