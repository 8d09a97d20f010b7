#!/bin/bash
# Runs as root in a Debian host: makes the stack's images with buildah, on top of the sample image tools:1, and pushes them
# to the registry at 127.0.0.1:5000. $1: the folder of this script's files, with what pick.sh has picked in trees/.
#
#   stack-redis:1   redis-server
#   stack-db:1      PostgreSQL with db-start, which makes a cluster at the first start; the clients psql and pg_isready
#   stack-app:1     app.pl, a server that counts visits in Redis and in PostgreSQL; the clients
set -euo pipefail
from=$1
registry=127.0.0.1:5000
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot TMPDIR=/var/lib/containers
postgresql=/usr/lib/postgresql/15/bin

# buildah_image NAME BASE FUNCTION CONFIG…: FUNCTION is given the mounted root.
buildah_image() {
  local name=$1 base=$2 fill=$3 container mount
  shift 3
  container=$(buildah from --quiet --tls-verify=false "$base")
  mount=$(buildah mount "$container")
  "$fill" "$mount"
  [ $# = 0 ] || buildah config "$@" "$container"
  buildah umount "$container" > /dev/null
  buildah commit --quiet --rm "$container" "$name" > /dev/null
}
fill_redis() {
  cp -r "$from/trees/redis/." "$1"
  echo 'redis:x:71:71::/:/bin/false' >> "$1/etc/passwd"
  echo 'redis:x:71:' >> "$1/etc/group"
}
fill_client() { cp -r "$from/trees/client/." "$1"; }
fill_db() {
  cp -r "$from/trees/db/." "$1"
  install -m 755 "$from/db-start.sh" "$1/usr/bin/db-start"
  echo 'postgres:x:70:70::/var/lib/postgresql:/bin/sh' >> "$1/etc/passwd"
  echo 'postgres:x:70:' >> "$1/etc/group"
  install -d -o 70 -g 70 -m 700 "$1/var/lib/postgresql"
  install -d -o 70 -g 70 "$1/run/postgresql"
  ln -s ../run "$1/var/run"
}
fill_app() { install -m 755 "$from/app.pl" "$1/usr/bin/app"; }

path=PATH=$postgresql:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
buildah_image stack-redis $registry/tools:1 fill_redis --user redis --port 6379 --workingdir / \
  --cmd '["redis-server", "--save", "", "--protected-mode", "no"]'
buildah_image stack-client $registry/tools:1 fill_client --env "$path" --workingdir /
buildah_image stack-db localhost/stack-client fill_db --user postgres --port 5432 --stop-signal SIGINT --cmd db-start
buildah_image stack-app localhost/stack-client fill_app --user nobody --port 8080 --cmd app
for image in redis db app; do
  buildah push --quiet --tls-verify=false "localhost/stack-$image" "docker://$registry/stack-$image:1"
done
