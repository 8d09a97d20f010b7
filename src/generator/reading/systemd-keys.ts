/**
 * Well-known keys of systemd's sections that users write among Quadlet's: systemd.unit(5), systemd.service(5),
 * systemd.resource-control(5), systemd.exec(5), systemd.kill(5).
 */
const SYSTEMD_KEYS: Readonly<Record<string, readonly string[]>> = {
  Unit: [
    ...["After", "Before", "BindsTo", "ConditionPathExists", "Conflicts", "Description", "Documentation", "OnFailure"],
    ...["PartOf", "Requires", "RequiresMountsFor", "Requisite", "StartLimitBurst", "Wants"],
  ],
  Service: [
    ...["CPUQuota", "CPUWeight", "Delegate", "ExecReload", "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStop"],
    ...["ExecStopPost", "IOWeight", "KillMode", "KillSignal", "MemoryHigh", "MemoryMax", "Nice", "OOMPolicy"],
    ...["OOMScoreAdjust", "RemainAfterExit", "Restart", "RestartSec", "Slice", "SyslogIdentifier", "TasksMax"],
    ...["TimeoutSec", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec"],
  ],
  Install: ["Alias", "RequiredBy", "UpheldBy", "WantedBy"],
};

/** Keys of both Quadlet and systemd's `[Service]`. */
const BOTH: readonly string[] = ["Environment", "EnvironmentFile", "Group", "Type", "User"];

/** The section of systemd's that a key belongs in; undefined for an unknown key. */
export function systemdSection(key: string): string | undefined {
  return Object.keys(SYSTEMD_KEYS).find((section) => SYSTEMD_KEYS[section]?.includes(key));
}

/** Whether a key of Quadlet's has a meaning in `[Service]`, `[Unit]` or `[Install]` too. */
export function isSystemdKey(key: string): boolean {
  return BOTH.includes(key) || systemdSection(key) !== undefined;
}
