import type { Command } from "commander";
import { namesOfUsers } from "../../runtime/network/network-users.ts";
import type { NetworkDefinition } from "../../state/network-definition.ts";
import { surveyDefinitions } from "../../state/network-definitions.ts";
import { reportUnread } from "../../state/record-format.ts";
import { chooseBy, type FilterKinds, isTrue, labelFilters, matchesName, timeOf } from "../output/filters.ts";
import {
  addListingOptions,
  formatListing,
  type Listing,
  type ListingOptions,
  shortId,
  templateFields,
} from "../output/output-format.ts";
import type { CommandContext, CommandManual } from "../program/command.ts";

const LISTING: Listing<NetworkDefinition> = {
  headings: {
    ID: "NETWORK ID",
    Name: "NAME",
    Driver: "DRIVER",
    Created: "CREATED",
    DNSEnabled: "DNS",
    Internal: "INTERNAL",
    IPAMOptions: "IPAM",
    IPv6Enabled: "IPV6",
    Label: "LABEL",
    Labels: "LABELS",
    NetworkDNSServers: "DNS SERVERS",
    NetworkInterface: "INTERFACE",
    Options: "OPTIONS",
    Subnets: "SUBNETS",
  },
  fieldsOf: (network, whole) => ({
    ID: shortId(network.id, whole),
    Name: network.name,
    Driver: network.driver,
    Created: network.created,
    DNSEnabled: network.dns_enabled,
    Internal: network.internal,
    IPAMOptions: network.ipam_options,
    IPv6Enabled: network.ipv6_enabled,
    Label: (key: string) => network.labels[key] ?? "",
    Labels: network.labels,
    NetworkDNSServers: network.network_dns_servers ?? [],
    NetworkInterface: network.network_interface ?? "",
    Options: network.options,
    Subnets: network.subnets,
  }),
  columns: ["ID", "Name", "Driver"],
  jsonOf: (network) => network,
  idOf: ({ name }) => name,
};

/** Help and manual page. */
export const manual: CommandManual = {
  description: "List networks.",
  details: [
    "Filters: `name=` (a regular expression), `id=` (its beginning), `driver=`, `label=KEY[=VALUE]`, `label!=`, `until=TIME`, `dangling=true` (no container is in it). Of several of one kind any may match, labels all have to.",
    templateFields(LISTING),
  ],
  examples: [
    { command: "berth network ls", help: "All." },
    { command: "berth network ls -q --filter driver=macvlan", help: "Names of some." },
    {
      command: "berth network ls --format '{{.Name}} {{range .Subnets}}{{.Subnet}} {{end}}'",
      help: "With their subnets.",
    },
  ],
};

/** `berth network ls`. */
export function define(command: Command, context: CommandContext): void {
  addListingOptions(command, "names only", "whole IDs");
  command.action((options: ListingOptions) => {
    const { records, unread } = surveyDefinitions(context.scope);
    context.out(formatListing(chooseNetworks(records, options.filter, context), LISTING, options));
    reportUnread({ unread });
  });
}

/** The networks that match the filters. Throws CommandError for an unknown filter. */
export function chooseNetworks(
  networks: readonly NetworkDefinition[],
  filters: readonly string[],
  { scope }: CommandContext,
): NetworkDefinition[] {
  const kinds: FilterKinds<NetworkDefinition> = {
    name: ({ name }, value) => matchesName(name, value),
    id: ({ id }, value) => id.startsWith(value),
    driver: ({ driver }, value) => driver === value,
    ...labelFilters<NetworkDefinition>(({ labels }) => labels),
    until: ({ created }, value) => Date.parse(created) < timeOf(value),
    dangling: (network, value) => namesOfUsers(scope, network).length > 0 !== isTrue(value),
  };
  return chooseBy(networks, filters, kinds);
}
