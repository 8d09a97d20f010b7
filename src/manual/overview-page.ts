import { TEMPLATE_FUNCTIONS } from "../cli/output/go-template.ts";
import { type DescribedCommand, pageName } from "../cli/program/described-command.ts";
import { STATIC_UNITS } from "../static-units.ts";
import { sentence } from "./command-page.ts";
import { type Chapter, example, type Page, paragraph, seeAlso, terms } from "./page.ts";

/** berth(1) */
export function overviewPage(commands: readonly DescribedCommand[]): Page {
  const described = commands.filter(({ sameAs }) => sameAs === undefined);
  const others = commands.flatMap(({ name, sameAs, otherNames }) => [
    ...(sameAs === undefined ? [] : [`\`berth ${name}\` is \`berth ${sameAs}\``]),
    ...otherNames.map((other) => `\`berth ${other}\` is \`berth ${name}\``),
  ]);
  return {
    name: "berth",
    section: 1,
    summary: "run containers the way systemd runs everything else",
    chapters: [
      { heading: "SYNOPSIS", blocks: [paragraph("`berth` COMMAND [options] [ARGUMENT...]")] },
      DESCRIPTION,
      {
        heading: "COMMANDS",
        blocks: [
          terms(described.map((command) => [`\`${pageName(command)}\`(1)`, `${command.summary}.`])),
          paragraph(`Some have another name as well: ${others.join(", ")}.`),
        ],
      },
      OPTIONS,
      EXAMPLE,
      WHAT_GOES_WRONG,
      TEMPLATES,
      EXIT_STATUS,
      ENVIRONMENT,
      FILES,
      {
        heading: "UNITS",
        blocks: [
          terms(STATIC_UNITS.map(({ name, text, enabled = false }) => [`\`${name}\``, unitText(text, enabled)])),
        ],
      },
      seeAlso([
        ...described.map((command) => `${pageName(command)}(1)`),
        "berth.unit(5)",
        "berth.image(5)",
        "berth.network(5)",
        "berth.pod(5)",
        "berth.volume(5)",
        "berth.conf(5)",
        "berth-generator(8)",
        "systemctl(1)",
        "journalctl(1)",
      ]),
    ],
  };
}

const DESCRIPTION: Chapter = {
  heading: "DESCRIPTION",
  blocks: [
    paragraph(
      "A container is a unit: a file `app.container` in /etc/containers/systemd becomes `app.service`, and starting that service starts the container. The container's first process is systemd's own child: its main PID, its exit status, its stream in the journal, its sockets. No daemon and no monitor runs beside it.",
    ),
    paragraph(
      "Services are worked with by `systemctl` and `journalctl` as any others. The commands here are for what systemd does not know: images, container files, and what is inside a running container.",
    ),
    paragraph(
      "For root, berth works on the system: images in /var/lib/berth, services of the system's manager. For everybody else it works on the user's own images and manager.",
    ),
  ],
};

const OPTIONS: Chapter = {
  heading: "OPTIONS",
  blocks: [
    terms([
      ["`-h, --help`", "Show the commands; after a command, its options."],
      ["`-V, --version`", "Show the version."],
    ]),
  ],
};

const EXAMPLE: Chapter = {
  heading: "EXAMPLE",
  blocks: [
    paragraph("A server that is started by the first connection to port 8080:"),
    example(`
# cat /etc/containers/systemd/app.container
[Container]
Image=registry.example/app:1
[Socket]
ListenStream=8080
[Install]
WantedBy=sockets.target

# systemctl daemon-reload
# systemctl start app.socket
# curl http://localhost:8080/
# systemctl status app
# journalctl -u app`),
  ],
};

const WHAT_GOES_WRONG: Chapter = {
  heading: "WHAT GOES WRONG",
  blocks: [
    paragraph(
      "A container file with an error makes a service all the same. Starting it fails, and `systemctl status` and `journalctl -u` show every error with its line and column. The same messages go to the kernel's log when systemd reads the files (`journalctl -k -t berth-generator`), and `berth check` shows them on the terminal.",
    ),
    paragraph(
      "A container that cannot be started says why in one line of the journal, from what was being done down to the cause.",
    ),
  ],
};

const TEMPLATES: Chapter = {
  heading: "TEMPLATES",
  blocks: [
    paragraph(
      "What lists or inspects prints JSON with `--format json`, and with `--format` and a template what that says, as docker and podman do: the language is that of Go's text/template, the names of fields are podman's.",
    ),
    example(`
$ berth ps --format '{{.ID}} {{.Names}}'
$ berth images --format 'table {{.Repository}}:{{.Tag}}\\t{{.Size}}'
$ berth inspect web --format '{{.State.Pid}} {{json .Mounts}}'
$ berth inspect web --format '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}}{{end}}'`),
    paragraph(
      `\`table\` in front makes columns of what stands between tabs (\`\\t\`), with headings. Fields are found by their names in Go and in JSON (\`.ID\`, \`.Id\`). There are if, with, range, variables and pipelines; the functions ${TEMPLATE_FUNCTIONS.join(", ")}; but not define, template, block, break and continue.`,
    ),
  ],
};

const EXIT_STATUS: Chapter = {
  heading: "EXIT STATUS",
  blocks: [
    paragraph(
      "0 when everything was done, 1 when something failed or is wrong, 125 when the command line is wrong or berth itself failed. `berth run` and `berth exec` in the foreground end as the payload ends.",
    ),
  ],
};

const ENVIRONMENT: Chapter = {
  heading: "ENVIRONMENT",
  blocks: [
    terms([
      ["`QUADLET_UNIT_DIRS`", "Where container files are looked for instead of the usual places; separated by colons."],
      ["`REGISTRY_AUTH_FILE`", "File with credentials for registries."],
      [
        "`XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `XDG_RUNTIME_DIR`",
        "For users: where berth.conf and container files are, where images are kept, and where running containers are noted.",
      ],
    ]),
  ],
};

const FILES: Chapter = {
  heading: "FILES",
  blocks: [
    terms([
      ["/etc/containers/systemd", "Container files of the system; see `berth.unit(5)` for all places."],
      ["~/.config/containers/systemd", "Container files of a user."],
      ["/etc/berth/berth.conf", "Settings; see `berth.conf(5)`."],
      [
        "/var/lib/berth",
        "Images, volumes and containers' writable layers. The images are an OCI image layout, which other tools can read.",
      ],
      ["~/.local/share/berth", "The same of a user."],
      ["/run/berth", "What is known of running containers, until the next boot."],
    ]),
  ],
};

/** The description of a unit that berth ships, from the unit itself. */
function unitText(text: string, enabled: boolean): string {
  const description = /^Description=(.*)$/m.exec(text)?.[1]?.replace("%i", "a container") ?? "";
  return `${sentence(description)}${enabled || !text.includes("[Install]") ? "" : " Not enabled by default."}`;
}
