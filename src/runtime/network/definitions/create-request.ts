import type { IpamDriver } from "../../../options/values/network.ts";
import { RuntimeError } from "../../error.ts";

/** The flags and arguments of `berth network create`. */
export interface NetworkCreateRequest {
  readonly name: string;
  /** One of netavark's own drivers, or the name of a plugin. */
  readonly driver: string;
  readonly subnets: readonly SubnetRequest[];
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly disableDns: boolean;
  readonly dns: readonly string[];
  readonly interfaceName: string | undefined;
  readonly ipamDriver: IpamDriver | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** `--subnet`, with the `--gateway` and `--ip-range` that belong to it. */
export interface SubnetRequest {
  readonly subnet: string;
  readonly gateway: string | undefined;
  /** `ADDRESS/BITS` or `FIRST-LAST`. */
  readonly range: string | undefined;
}

/** Makes the error for a request that cannot be met. */
export type Fail = (message: string) => RuntimeError;

/** Errors of a request for a network: code "bad-request", beginning with the network's name. */
export function failureOf(network: string): Fail {
  return (message) => new RuntimeError("bad-request", `network ${network}: ${message}`);
}
