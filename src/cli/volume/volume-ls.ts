import type { Command } from "commander";
import { describeVolume } from "../../runtime/volume/describe.ts";
import { volumeUses } from "../../runtime/volume/volume-use.ts";
import { withStateLock } from "../../state/lock.ts";
import { reportUnread } from "../../state/record-format.ts";
import { findVolume, surveyVolumes, type Volume } from "../../state/volume-record.ts";
import { chooseBy, type FilterKinds, hasEntry, isTrue, labelFilters, matchesName, timeOf } from "../output/filters.ts";
import {
  addListingOptions,
  formatListing,
  type Listing,
  type ListingOptions,
  templateFields,
} from "../output/output-format.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

const LISTING: Listing<ReturnType<typeof describeVolume>> = {
  headings: {
    Driver: "DRIVER",
    Name: "VOLUME NAME",
    CreatedAt: "CREATED",
    GID: "GID",
    Label: "LABEL",
    Labels: "LABELS",
    MountCount: "MOUNTS",
    Mountpoint: "MOUNTPOINT",
    NeedsChown: "NEEDS CHOWN",
    NeedsCopyUp: "NEEDS COPY-UP",
    Options: "OPTIONS",
    Scope: "SCOPE",
    UID: "UID",
  },
  fieldsOf: (volume) => ({ ...volume, Label: (key: string) => volume.Labels[key] ?? "" }),
  columns: ["Driver", "Name"],
  jsonOf: (volume) => volume,
  idOf: ({ Name }) => Name,
};

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List volumes.",
  details: [
    "Filters: `dangling=true` (no running container uses it), `driver=`, `label=KEY[=VALUE]`, `label!=`, `name=` (a regular expression), `opt=`, `scope=`, `since=VOLUME`, `until=TIME`. Of several of one kind any may match, labels all have to.",
    templateFields(LISTING),
  ],
  examples: [
    { command: "berth volume ls", help: "All." },
    { command: "berth volume ls -q --filter label=org.example.stage=test", help: "Names of some." },
    { command: "berth volume ls --format 'table {{.Name}}\\t{{.Mountpoint}}'", help: "Where they are." },
  ],
};

/** `berth volume ls`. */
export function define(command: Command, context: CommandContext): void {
  const { scope } = context;
  addListingOptions(command, "names only");
  command.action((options: ListingOptions) => {
    const { records, unread } = surveyVolumes(scope);
    const volumes = chooseVolumes(records, options.filter, context);
    const described = volumes.map((volume) => describeVolume(scope, volume));
    context.out(formatListing(described, LISTING, options));
    reportUnread({ unread });
  });
}

/** The volumes that match the filters. Throws CommandError for an unknown filter. */
export function chooseVolumes(
  volumes: readonly Volume[],
  filters: readonly string[],
  { scope }: CommandContext,
): Volume[] {
  const asksForUse = filters.some((filter) => filter.startsWith("dangling="));
  const used = asksForUse
    ? new Set(withStateLock(scope.stateDir, "shared", () => volumeUses(scope)).keys())
    : new Set<string>();
  return chooseBy(
    volumes,
    filters,
    volumeFilters(used, (name) => findVolume(scope, name).created),
  );
}

/** Filters for volumes, as in podman-volume-ls(1). `used` holds the names of volumes that containers use. */
export function volumeFilters(used: ReadonlySet<string>, createdOf: (name: string) => string): FilterKinds<Volume> {
  return {
    name: ({ name }, value) => matchesName(name, value),
    driver: ({ driver }, value) => driver === value,
    scope: (_, value) => value === "local",
    ...labelFilters<Volume>(({ labels }) => labels),
    opt: ({ options }, value) => hasEntry(options, value),
    dangling: ({ name }, value) => used.has(name) !== isTrue(value),
    since: ({ created }, value) => created > createdOf(value),
    until: ({ created }, value) => Date.parse(created) < timeOf(value),
  };
}
