#!/bin/sh
# A web server that knows nothing of socket activation, and that needs $DELAY seconds before it listens.
# As PID 1 it has no default action for SIGTERM, and busybox httpd installs none, so the shell stays to pass it on.
sleep "${DELAY:-0}"
echo "httpd: listening on port ${PORT:-80}"
httpd -f -p "${PORT:-80}" -h /www &
trap 'kill $!; exit 0' TERM INT
wait $!
