/**
 * The child of a unit's cgroup for its launcher: a name for systemd's DelegateSubgroup=, where it has that, and for the
 * launcher itself, where not.
 */
export const LAUNCHER_CGROUP = "launcher";
