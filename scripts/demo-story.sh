#!/bin/bash
# The demo's story, for a systemd host with a registry at 127.0.0.1:5000 and berth in dist/.
set -uo pipefail
# One stream, so that output and errors stay in order.
exec 2>&1
bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

say() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }
# show COMMAND: echoes it as a shell session would, and runs it.
show() {
  printf '$ %s\n' "$1"
  eval "$1"
}
# must COMMAND: the same for a step that everything after it stands on.
must() {
  show "$1" && return
  printf '\n%sthe demo failed at: %s%s\n' "$bold" "$1" "$plain"
  exit 1
}
file() { must "cat > $1 << END
$2
END"; }
pid() { systemctl show --property=MainPID --value "$1"; }

say 'A machine that runs systemd; berth is one file'
show 'systemctl --version | head -n 1; cat /proc/1/comm; ls -lh dist'
must 'dist/berth setup'

say 'An image, from a registry'
must 'berth pull 127.0.0.1:5000/app:1'
show 'berth images'

say 'A container is a file for systemd'
must 'mkdir -p /etc/containers/systemd'
file /etc/containers/systemd/app.container '[Unit]
Description=The sample application

[Container]
Image=127.0.0.1:5000/app:1
Environment=NAME=berth

[Socket]
ListenStream=8080

[Install]
WantedBy=multi-user.target'
must 'systemctl daemon-reload'
show 'systemctl cat app.service app.socket'

say 'Only the socket is started; the first connection starts the container'
must 'systemctl start app.socket'
show 'systemctl is-active app.socket app.service'
must 'curl --silent --show-error http://localhost:8080/'

say "systemd's own child: its main PID, its state, its journal"
must 'systemctl --no-pager --full status app'
show 'journalctl --no-pager --unit=app'

say 'No process of berth, runc or anything else stays beside it'
show "ps -o pid,ppid,user,args -p $(pid app)"
show 'systemd-cgls --no-pager --unit app.service'
must "! pgrep --list-full 'berth|runc' && echo none"

say "Its overlay is in the unit's own mount namespace; the host has but the one that is this throw-away host's root"
show 'findmnt --list --types overlay --output TARGET,FSTYPE'
show "findmnt --task $(pid app) --types overlay --output TARGET,FSTYPE"

say 'A death is reported as what it was, and the next connection starts it again'
show "kill -KILL $(pid app); sleep 0.3; systemctl show --property=Result,ExecMainCode,ExecMainStatus app"
must 'curl --silent --show-error http://localhost:8080/'

say 'A mistake in a file is seen where one looks first'
file /etc/containers/systemd/broken.container '[Container]
Imge=127.0.0.1:5000/app:1'
must 'systemctl daemon-reload'
show 'systemctl start broken'
show 'systemctl --no-pager --full status broken'

say 'Stopped, nothing is left'
must 'systemctl stop app.socket app.service'
show 'journalctl --no-pager --unit=app --lines=4'
show 'systemctl is-active app.socket app.service'
must "! findmnt --list --noheadings --output TARGET | grep /berth/ && echo 'no mount'"
must "test -z \"\$(runc list --quiet)\" && echo 'no runc state'"
printf '\n'
