import { BERTH_KEYS } from "../generator/keys/berth.ts";
import { CONTAINER_KEYS } from "../generator/keys/container.ts";
import { INSTALL_KEYS } from "../generator/keys/install.ts";
import { QUADLET_KEYS } from "../generator/keys/quadlet.ts";
import { FILE_TYPES } from "../generator/reading/file-type.ts";
import { keyChapter, refusedKeys } from "./key-chapter.ts";
import { type Block, type Chapter, example, type Page, paragraph, seeAlso, subheading, terms } from "./page.ts";

/** berth.unit(5) */
export function unitPage(): Page {
  return {
    name: "berth.unit",
    section: 5,
    summary: "container files: services that run a container",
    chapters: [
      {
        heading: "SYNOPSIS",
        blocks: [paragraph("NAME.container, NAME@.container, NAME.container.d/*.conf")],
      },
      DESCRIPTION,
      EXAMPLES,
      PLACES,
      keyChapter("Container", CONTAINER_KEYS, "berth run", "What is run, and how."),
      SOCKET,
      keyChapter(
        "Berth",
        BERTH_KEYS,
        "berth run",
        "What berth adds to the language of Podman's Quadlet. Podman passes over this section.",
      ),
      keyChapter(
        "Install",
        INSTALL_KEYS,
        "berth run",
        "Generated units cannot be enabled: these links are made whenever systemd reads its units.",
      ),
      keyChapter("Quadlet", QUADLET_KEYS, "berth run"),
      {
        heading: "[UNIT] AND [SERVICE] SECTIONS",
        blocks: [
          paragraph(
            "They are systemd's own, `systemd.unit(5)` and `systemd.service(5)`, and become part of the service as they are: Restart=, TimeoutStartSec=, MemoryMax=, Slice=, LoadCredential= and all others. In `After=`, `Requires=` and their like, container files may be named (`db.container`) in place of their services.",
          ),
          paragraph(
            "Type= may be `notify`, the default, or `oneshot`. KillMode= may be `mixed`, the default, or `control-group`. ExecStart= and Group= are refused: the user inside the container is `User=` of `[Container]`.",
          ),
          paragraph(
            "User= of a system service is the user of the host whose ids the container has: root inside is that user, and the other ids are the user's subordinate ones (/etc/subuid, /etc/subgid), as in that user's own containers; `UserNS=keep-id`, `nomap`, `auto`, `UIDMap=` and `GIDMap=` are then about those ids. berth itself runs as root, images and volumes are the system's, and the user need not be logged in. With `DynamicUser=yes` root inside is a user that systemd makes up for the time the service is there, and the other ids are taken from the subordinate ids of `containers`, as with `UserNS=auto`.",
          ),
        ],
      },
      ERRORS,
      notSupported(),
      seeAlso([
        "berth(1)",
        "berth-check(1)",
        "berth-generate(1)",
        "berth-generator(8)",
        "berth.image(5)",
        "berth.network(5)",
        "berth.pod(5)",
        "berth.volume(5)",
        "systemd.socket(5)",
        "systemd.syntax(7)",
        "podman-systemd.unit(5)",
      ]),
    ],
  };
}

const DESCRIPTION: Chapter = {
  heading: "DESCRIPTION",
  blocks: [
    paragraph(
      "A file `app.container` describes a service that runs a container: at boot and at every `systemctl daemon-reload`, `berth-generator(8)` makes `app.service` of it, and `app.socket` if it has a `[Socket]` section. The language is that of Podman's Quadlet; files that have been written for Podman can be used as they are, as far as their keys are supported.",
    ),
    paragraph(
      "The syntax is systemd's, `systemd.syntax(7)`. An empty assignment takes back all before it. Of keys that are not said to be repeatable the last assignment counts. Specifiers such as `%i` and `%h`, and environment variables, are expanded by systemd when the service is started, as `systemd.service(5)` has it; values that contain them are not checked before.",
    ),
    paragraph(
      "Files of other types make what containers use: images, `berth.image(5)`, networks, `berth.network(5)`, pods, `berth.pod(5)`, and volumes, `berth.volume(5)`. Container files refer to them by the file's name: `Image=app.image`, `Volume=data.volume:/data`, `Mount=type=image,source=app.image,destination=/app`, `Network=back.network`, `Pod=web.pod`; also `Network=other.container`, to share the network of another container. The service then requires the other file's and comes after it. A reference to a file that is missing or has errors is an error where it stands; so is a loop.",
    ),
    paragraph(
      "A template `job@.container` makes `job@.service`, for any number of instances. A file for one instance, or a link to the template, is possible too: `job@weekly.container`. It refers to templates, `data@.volume`, of which its service then uses the same instance.",
    ),
  ],
};

const EXAMPLES: Chapter = {
  heading: "EXAMPLES",
  blocks: [
    paragraph("A service that is started at boot:"),
    example(`
[Unit]
Description=The web shop

[Container]
Image=registry.example/shop:1
PublishPort=8080:80
Volume=shop-data:/var/lib/shop

[Service]
Restart=on-failure

[Install]
WantedBy=multi-user.target`),
    paragraph(
      "One that the first connection starts, and that ends five minutes after the last one; its image knows nothing of socket activation:",
    ),
    example(`
[Container]
Image=registry.example/wiki:1

[Socket]
ListenStream=8080

[Berth]
SocketProxy=80
StopWhenIdle=5min

[Install]
WantedBy=sockets.target`),
    paragraph("A job for a timer, under the audit login uid of the user backup:"),
    example(`
[Container]
Image=registry.example/backup:1
Volume=/srv:/srv:ro

[Service]
Type=oneshot

[Berth]
LoginUID=backup`),
  ],
};

const PLACES: Chapter = {
  heading: "FILES AND DROP-INS",
  blocks: [
    paragraph("Of files with the same name the first one found counts. Folders below are searched too."),
    terms([
      [
        "For the system",
        "/run/containers/systemd, /etc/containers/systemd, /usr/share/containers/systemd; not their users folders.",
      ],
      [
        "For a user's manager",
        "$XDG_RUNTIME_DIR/containers/systemd, ~/.config/containers/systemd, then /etc/containers/systemd/users/UID and users, the same in /usr/share.",
      ],
    ]),
    paragraph(
      "`$QUADLET_UNIT_DIRS` of the manager replaces them all. Drop-ins in `app.container.d` and `container.d` beside the files or in any of these places are merged as systemd's; Those in `app@one.container.d` make an instance of app@.container that has them, which starts only when asked to. `/dev/null` or an empty file masks a file of the same name in later places. Hidden files are passed over.",
    ),
  ],
};

const SOCKET: Chapter = {
  heading: "[SOCKET] SECTION",
  blocks: [
    paragraph(
      "Makes a socket unit beside the service. All directives of `systemd.socket(5)` can be used, but for Service=. The sockets reach the container's first process as any service's: file descriptors from 3 on, with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES, see `sd_listen_fds(3)`. They are the host's sockets, so they work with every kind of network, `none` too.",
    ),
    paragraph(
      "With `Accept=yes` the file has to be a template, and a container is started for each connection. A socket unit that was written by hand works as well; the service then needs no `[Socket]` section.",
    ),
    paragraph(
      "In `[Install]`, `WantedBy=sockets.target` and aliases that end in `.socket` belong to the socket, all else to the service.",
    ),
    example(`
[Socket]
ListenStream=443
ListenDatagram=443
FileDescriptorName=web`),
  ],
};

const ERRORS: Chapter = {
  heading: "ERRORS",
  blocks: [
    paragraph(
      "Every error and warning names file, line and column. A file with an error makes a service whose start fails with the errors as its output; the links of its `[Install]` are made, so that the failure is seen at boot.",
    ),
    example('app.container:2:1: error: unknown key "Imge" in [Container] (did you mean "Image"?)'),
  ],
};

/** Features of Quadlet that berth refuses. */
function notSupported(): Chapter {
  const blocks: Block[] = [
    paragraph("These are known, and refused with an error; none of them is ignored."),
    subheading("[Container] of .container files"),
    paragraph(`${refusedKeys(CONTAINER_KEYS)}.`),
    subheading("Types of files"),
    paragraph(
      `${FILE_TYPES.filter(({ status }) => status !== "supported")
        .map(({ extension }) => `\`.${extension}\``)
        .join(", ")}.`,
    ),
    subheading("Values"),
    paragraph("`Network=slirp4netns`, and in a user's manager `bridge`; `Mount=` of type artifact; `Notify=healthy`."),
  ];
  return { heading: "NOT SUPPORTED YET", blocks };
}
