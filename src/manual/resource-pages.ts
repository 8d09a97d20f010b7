import { FILE_TYPES } from "../generator/reading/file-type.ts";
import { keyChapter, refusedKeys } from "./key-chapter.ts";
import { example, type Page, paragraph, seeAlso } from "./page.ts";

/** A page's text about its type of file, besides the table of keys. */
interface ResourceText {
  readonly summary: string;
  readonly command: string;
  readonly description: readonly string[];
  readonly examples: readonly (readonly [introduction: string, file: string])[];
  readonly seeAlso: readonly string[];
}

const TEXTS: Readonly<Record<string, ResourceText>> = {
  image: {
    summary: "image files: services that pull an image",
    command: "berth image pull",
    description: [
      "A file `app.image` makes `app-image.service`, which pulls an image and then stays active. Container files name it (`Image=app.image`) in place of the image: their services require it and wait for it, so the pull has a time-out, an order and a state of its own, and is done once for all of them.",
      "An archive or a folder can be the source as well, `docker-archive:/srv/app.tar`; then `ImageTag=` is the name under which others find the image.",
    ],
    examples: [
      [
        "An image that is pulled by a service of its own, app.image:",
        `
[Image]
Image=registry.example/app:1
Policy=newer
Retry=5

[Service]
TimeoutStartSec=15min`,
      ],
    ],
    seeAlso: ["berth-image-pull(1)"],
  },
  network: {
    summary: "network files: services that make a network for containers",
    command: "berth network create",
    description: [
      "A file `back.network` makes `back-network.service`, which makes the network `systemd-back` (or `NetworkName=`) if it is not there, and then stays active. Containers and pods join it by the file's name, `Network=back.network`, several of them with several lines, and options after a colon: `Network=back.network:ip=10.89.1.5,alias=db`.",
      "A network that is there already stays as it is, whatever the file says: remove it for changes to take effect. Of two files whose subnets overlap, the later one is refused; so is a fixed address outside of the network's subnets.",
    ],
    examples: [
      [
        "A network with no way out, back.network:",
        `
[Network]
Internal=yes
Subnet=10.89.1.0/24`,
      ],
    ],
    seeAlso: ["berth-network-create(1)", "berth-network-ls(1)", "berth-network-rm(1)"],
  },
  pod: {
    summary: "pod files: services that hold what several containers share",
    command: "berth pod create",
    description: [
      "A file `web.pod` makes `web-pod.service`. The containers that name it (`Pod=web.pod`) share a network, a host name, System V IPC and /dev/shm: they reach each other on localhost, and what is published, is published by the pod. The service makes the namespaces, and systemd holds them for as long as it is active: that needs no process. A pod has one only if it shares a PID namespace (`--share +pid`), whose first it is, or if a user's pod has pasta for its network or its ports; the service fails if that is killed, and is restarted unless its `Restart=` says otherwise.",
      "Starting the pod starts its containers, unless they say `StartWithPod=no`; starting a container starts its pod. Stopping the pod stops them all. Each container follows its own Restart=. When the last one has ended for good, the pod is stopped (`ExitPolicy=stop`) or stays (`continue`).",
      "Limits for the whole pod are those of a slice: `Slice=web.slice` in `[Service]` holds for its containers too, unless they name their own, and a `MemoryMax=` in web.slice is for all of them together.",
      "What the pod shares is written in its file: `PublishPort=`, `HostName=`, `AddHost=`, `UserNS=` and their like are refused in its containers. A container with a `Network=` of its own does not use the pod's.",
      "A template `web@.pod` makes a pod for each instance; template containers name it (`Pod=web@.pod` in `app@.container`) and belong to the pod of their own instance. A template's containers do not start with a pod that is none: which of them, nobody has said.",
    ],
    examples: [
      [
        "A pod that publishes a port, web.pod:",
        `
[Pod]
PublishPort=8080:80

[Install]
WantedBy=multi-user.target`,
      ],
      [
        "A container in it, app.container:",
        `
[Container]
Image=registry.example/app:1
Pod=web.pod

[Service]
Restart=on-failure`,
      ],
    ],
    seeAlso: ["berth-pod-create(1)", "berth-pod-ls(1)", "systemd.slice(5)"],
  },
  volume: {
    summary: "volume files: services that make a volume for containers",
    command: "berth volume create",
    description: [
      "A file `data.volume` makes `data-volume.service`, which makes the volume `systemd-data` (or `VolumeName=`) if it is not there, and then stays active. Containers and pods mount it by the file's name, `Volume=data.volume:/var/lib/app`; a template `data@.volume` makes one for each instance of the containers that name it.",
      "Nothing removes a volume but `berth volume rm` and `berth volume prune`: not the end of a container, nor that of the service, nor the removal of the file.",
    ],
    examples: [
      [
        "A volume on a device of its own, data.volume:",
        `
[Volume]
Device=/dev/disk/by-label/data
Type=ext4
Options=noatime`,
      ],
    ],
    seeAlso: ["berth-volume-create(1)", "berth-volume-ls(1)", "berth-volume-rm(1)", "mount(8)"],
  },
};

/** berth.image(5), berth.network(5), berth.pod(5), berth.volume(5) */
export function resourcePages(): Page[] {
  return FILE_TYPES.flatMap(({ extension, section, keys }) => {
    const text = TEXTS[extension];
    if (text === undefined) return [];
    const refused = refusedKeys(keys());
    const name = `berth.${extension}`;
    return [
      {
        name,
        section: 5,
        summary: text.summary,
        chapters: [
          {
            heading: "SYNOPSIS",
            blocks: [paragraph(`NAME.${extension}, NAME@.${extension}, NAME.${extension}.d/*.conf`)],
          },
          {
            heading: "DESCRIPTION",
            blocks: [
              ...text.description.map(paragraph),
              paragraph(
                "Where the files are found, how they are read, and what comes of errors, is told in `berth.unit(5)`; so are the `[Install]` and `[Quadlet]` sections. `[Unit]` and `[Service]` are systemd's own and become part of the service; Type= and ExecStart= are set by berth.",
              ),
            ],
          },
          {
            heading: "EXAMPLES",
            blocks: text.examples.flatMap(([introduction, file]) => [paragraph(introduction), example(file)]),
          },
          keyChapter(section, keys(), text.command),
          {
            heading: "NOT SUPPORTED YET",
            blocks: [paragraph(`These are known, and refused with an error; none of them is ignored: ${refused}.`)],
          },
          seeAlso(["berth(1)", "berth.unit(5)", ...text.seeAlso, "berth-generator(8)", "podman-systemd.unit(5)"]),
        ],
      } satisfies Page,
    ];
  });
}
