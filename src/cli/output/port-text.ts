import { familyOf } from "../../ip-address.ts";
import type { PortMapping } from "../../options/requests/run-request.ts";

/** A port as `podman ps` prints it: `0.0.0.0:8080->80/tcp`, `[::1]:8080->80/tcp`. */
export function formatPort({ hostIp, hostPort, containerPort, range, protocol }: PortMapping): string {
  const ports = (first: number) => (range === 1 ? `${first}` : `${first}-${first + range - 1}`);
  return `${familyOf(hostIp) === 6 ? `[${hostIp}]` : hostIp || "0.0.0.0"}:${ports(hostPort)}->${ports(containerPort)}/${protocol}`;
}

/** Ports as in `podman ps --format json`. */
export function describePort({ hostIp, hostPort, containerPort, range, protocol }: PortMapping): object {
  return { host_ip: hostIp, container_port: containerPort, host_port: hostPort, range, protocol };
}

/** Ports as in `podman inspect`, by the container's port and protocol: `80/tcp`. */
export function portBindings(ports: readonly PortMapping[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { hostIp, hostPort, containerPort, range, protocol } of ports) {
    for (let at = 0; at < range; at++) {
      const name = `${containerPort + at}/${protocol}`;
      bindings[name] = [...(bindings[name] ?? []), { HostIp: hostIp || "0.0.0.0", HostPort: `${hostPort + at}` }];
    }
  }
  return bindings;
}
