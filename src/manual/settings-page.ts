import { example, type Page, paragraph, seeAlso, terms } from "./page.ts";

/** berth.conf(5) */
export const SETTINGS_PAGE: Page = {
  name: "berth.conf",
  section: 5,
  summary: "settings of berth",
  chapters: [
    {
      heading: "SYNOPSIS",
      blocks: [
        paragraph("/etc/berth/berth.conf, /etc/berth/berth.conf.d/*.conf"),
        paragraph("~/.config/berth/berth.conf, ~/.config/berth/berth.conf.d/*.conf"),
        paragraph("/usr/lib/berth/berth.conf, /usr/lib/berth/berth.conf.d/*.conf"),
      ],
    },
    {
      heading: "DESCRIPTION",
      blocks: [
        paragraph(
          "Nothing needs to be set. The file has sections and settings in the manner of systemd's own files. For root those in /etc/berth count before those in /run/berth/config and /usr/lib/berth; for a user, those in ~/.config/berth before /etc/berth and /usr/lib/berth.",
        ),
        paragraph(
          "Drop-ins count before the main files. Among drop-ins the name decides, whatever the folder: later in the alphabet wins. Where two files say something of the same registry, or of the OCI runtime, only what counts first is used.",
        ),
      ],
    },
    {
      heading: "[REGISTRY] SECTIONS",
      blocks: [
        paragraph('`[registry "HOST[:PORT]"]` is about one registry, named as in the names of its images.'),
        terms([
          [
            "`Insecure=`",
            "Yes or no (the default). Yes allows certificates that nobody vouches for, and plain HTTP if the registry does not speak HTTPS. Registries on this machine (localhost, 127.0.0.0/8, [::1]) need no such word for plain HTTP.",
            "On a command line: `berth pull --tls-verify=false`.",
          ],
        ]),
      ],
    },
    {
      heading: "[RUNTIME] SECTION",
      blocks: [
        terms([
          [
            "`Runtime=`",
            "The OCI runtime that makes the containers that name none themselves: runc (the default) or crun. It counts from a container's next start on; a running container stays with the one that it was started with, to its end. For one-shot services it counts after a daemon-reload.",
            "For one container: `Runtime=` in the section [Berth] of its file, `berth.unit(5)`. On a command line: `berth run --runtime crun`.",
          ],
        ]),
      ],
    },
    {
      heading: "CREDENTIALS",
      blocks: [
        paragraph(
          "Credentials are not kept here but where podman, skopeo and docker keep them. The first file that has some for the registry, or for the image's namespace in it, is used: the one in `$REGISTRY_AUTH_FILE` alone, if it is set; else containers/auth.json in `$XDG_RUNTIME_DIR` (or /run/containers/UID/auth.json), containers/auth.json in ~/.config, config.json in ~/.docker. Credential helpers that these files name are asked.",
        ),
      ],
    },
    {
      heading: "CERTIFICATES AND PROXIES",
      blocks: [
        paragraph(
          "Certificates of authorities, and of clients, are read from /etc/containers/certs.d/HOST[:PORT] and /etc/docker/certs.d, as containers-certs.d(5) has it; users also have ~/.config/containers/certs.d. The variables `http_proxy`, `https_proxy` and `no_proxy` are obeyed.",
        ),
      ],
    },
    {
      heading: "EXAMPLE",
      blocks: [
        example(`
[registry "registry.example:5000"]
Insecure=yes

[runtime]
Runtime=crun`),
      ],
    },
    seeAlso(["berth(1)", "berth-pull(1)", "berth-run(1)", "containers-auth.json(5)", "crun(1)", "runc(8)"]),
  ],
};
