import { example, type Page, paragraph, seeAlso, terms } from "./page.ts";

/** berth-generator(8) */
export const GENERATOR_PAGE: Page = {
  name: "berth-generator",
  section: 8,
  summary: "make units of container files at boot and at every reload",
  chapters: [
    {
      heading: "SYNOPSIS",
      blocks: [
        paragraph("/usr/local/lib/systemd/system-generators/berth-generator NORMAL EARLY LATE"),
        paragraph("/usr/local/lib/systemd/user-generators/berth-generator NORMAL EARLY LATE"),
      ],
    },
    {
      heading: "DESCRIPTION",
      blocks: [
        paragraph(
          "systemd calls it at boot and at every `systemctl daemon-reload`, before it reads its units. It reads all container files, `berth.unit(5)`, and those for images, networks, pods and volumes, and writes services, sockets and their links into the first of the three folders. It talks to no other service, and needs neither images nor a network.",
        ),
        paragraph(
          "Generated units cannot be enabled; `[Install]` of the container file is what links them. `systemctl cat` shows them, and `berth generate` shows them without writing.",
        ),
        paragraph(
          "A file with an error makes a service whose start fails with the errors as its output. Other files are not touched by it. All errors and warnings also go to the kernel's log, or for a user's manager to the journal.",
        ),
        paragraph(
          "A container or pod that runs while its file is removed, or gets an error, goes on running. Its service is then one that can only be stopped and cleaned up; how long the file gave it to stop, and which signal, is forgotten with the file. With the next reload after that it is gone.",
        ),
        paragraph(
          "Unit files in /etc/systemd/system win over generated ones of the same name, and drop-ins such as /etc/systemd/system/app.service.d/*.conf apply to them.",
        ),
      ],
    },
    {
      heading: "ENVIRONMENT",
      blocks: [
        terms([
          ["`QUADLET_UNIT_DIRS`", "Folders to search instead of the usual ones; separated by colons, absolute."],
          ["`SYSTEMD_SCOPE`", "Set by systemd: `system` or `user`. Without it the folder of the generator decides."],
        ]),
      ],
    },
    {
      heading: "EXAMPLE",
      blocks: [
        paragraph("What the generator said at the last reload, and what it would write now:"),
        example(`
journalctl -k -t berth-generator
berth generate`),
      ],
    },
    {
      heading: "EXIT STATUS",
      blocks: [
        paragraph("0, or 1 if any file has an error or a unit could not be written. systemd goes on either way."),
      ],
    },
    {
      heading: "NOTES",
      blocks: [
        paragraph(
          "Podman's generator makes units of the same files and names. If both are installed, the one whose units systemd finds first wins, for each unit; `berth setup --mask-podman` masks Podman's.",
        ),
        paragraph(
          "Generators run before file systems are mounted. For container files on a file system of their own there is berth-rescan.service, which looks again later in boot.",
        ),
      ],
    },
    seeAlso(["berth(1)", "berth.unit(5)", "berth-generate(1)", "berth-check(1)", "systemd.generator(7)"]),
  ],
};
