#!/bin/bash
# Runs as root in a Debian host: makes the sample images with buildah, umoci and skopeo and pushes them to the registry
# at 127.0.0.1:5000. $1: the folder of this script's files.
#
#   app:1      app.pl, a server that takes its sockets from LISTEN_FDS
#   httpd:1    busybox httpd, which knows nothing of sockets that are passed in; $DELAY seconds of start-up
#   nginx:1    Debian's nginx, another one, with a configuration and a user of its own
#   tools:1    busybox and perl with show (what the container looks like from inside), notify
#   layers:1   four layers with what is hard about layers: whiteouts, opaque folders, hard links across layers, xattrs,
#              file capabilities, device nodes, sparse and long-named files, owners, modes, times (buildah, gzip)
#   layers:umoci, layers:zstd, layers:docker   the same kind of tree by umoci; zstd layers and a Docker manifest by skopeo
set -euo pipefail
from=$1
registry=127.0.0.1:5000
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot TMPDIR=/var/lib/containers
busybox=$(command -v busybox)

# Files and the libraries they are linked with.
copy_linked() {
  local root=$1 file
  shift
  for file in "$@" $(ldd "$@" 2> /dev/null | grep -o '/[^ )]*' | sort -u); do
    install -D "$(realpath "$file")" "$root$file"
  done
}
# buildah_image NAME BASE FUNCTION CONFIG…: FUNCTION is given the mounted root.
buildah_image() {
  local name=$1 base=$2 fill=$3 container mount
  shift 3
  container=$(buildah from --pull-never "$base")
  mount=$(buildah mount "$container")
  "$fill" "$mount"
  [ $# = 0 ] || buildah config "$@" "$container"
  buildah umount "$container" > /dev/null
  buildah commit --quiet --rm "$container" "$name" > /dev/null
}
push() { buildah push --quiet --tls-verify=false "${@:3}" "$1" "docker://$registry/$2"; }

fill_base() {
  mkdir -p "$1"/{bin,dev,etc,home/app,proc,root,run,sys,tmp,usr/bin,var/tmp,www}
  chmod 1777 "$1/tmp" "$1/var/tmp"
  chmod 700 "$1/root"
  cp "$busybox" "$1/bin/busybox"
  local applet
  for applet in $("$busybox" --list); do [ -e "$1/bin/$applet" ] || ln -s busybox "$1/bin/$applet"; done
  printf 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > "$1/etc/passwd"
  printf 'root:x:0:\napp:x:1000:\nvideo:x:44:app\nnogroup:x:65534:\n' > "$1/etc/group"
  chown 1000:1000 "$1/home/app"
  echo sample > "$1/etc/issue"
}
fill_perl() {
  copy_linked "$1" /usr/bin/perl
  local modules
  modules=$(echo /usr/lib/*/perl-base)
  mkdir -p "$1$modules"
  cp -a "$modules/." "$1$modules"
}
fill_app() { install -m 755 "$from/app.pl" "$1/usr/bin/app"; }
fill_httpd() {
  install -m 755 "$from/httpd.sh" "$1/usr/bin/httpd-start"
  echo 'hello from httpd' > "$1/www/index.html"
}
fill_tools() {
  install -m 755 "$from/show.pl" "$1/usr/bin/show"
  install -m 755 "$from/notify.pl" "$1/usr/bin/notify"
}
fill_nginx() {
  copy_linked "$1" /usr/sbin/nginx
  mkdir -p "$1"/{etc/nginx,var/lib/nginx,var/log/nginx,usr/share/nginx/html}
  ln -s /dev/stdout "$1/var/log/nginx/access.log"
  ln -s /dev/stderr "$1/var/log/nginx/error.log"
  echo 'www-data:x:33:33::/var/www:/bin/false' >> "$1/etc/passwd"
  echo 'www-data:x:33:' >> "$1/etc/group"
  echo 'hello from nginx' > "$1/usr/share/nginx/html/index.html"
  cat > "$1/etc/nginx/nginx.conf" << 'END'
user www-data;
worker_processes 1;
daemon off;
pid /run/nginx.pid;
error_log /dev/stderr;
events { }
http { access_log off; server { listen 80; root /usr/share/nginx/html; } }
END
}

path=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
buildah_image base scratch fill_base --env "$path" --cmd /bin/sh --workingdir /
buildah_image perl base fill_perl
buildah_image app perl fill_app --entrypoint '["/usr/bin/app"]' --cmd '' --port 8080 --env NAME=app --label org.example.sample=app
buildah_image httpd base fill_httpd --entrypoint '["/usr/bin/httpd-start"]' --cmd '' --port 80
buildah_image tools perl fill_tools --cmd '["show"]' --env 'GREETING=hello world' --workingdir /home/app --stop-signal SIGTERM
buildah_image nginx base fill_nginx --entrypoint '["nginx"]' --cmd '' --port 80 --stop-signal SIGQUIT

# Layers, each with something that the next one changes. Only what a tar layer can hold.
layer_1() {
  fill_base "$1"
  mkdir -p "$1"/data/{kept,replaced,removed,emptied}
  echo one > "$1/data/kept/one"; echo one > "$1/data/replaced/one"
  echo one > "$1/data/removed/one"; echo one > "$1/data/emptied/one"
  echo shared > "$1/data/first-name"; ln "$1/data/first-name" "$1/data/second-name"
  ln -s kept "$1/data/link-to-folder"
  echo file > "$1/data/file-to-folder"; mkdir "$1/data/folder-to-file"; echo x > "$1/data/folder-to-file/x"
  echo program > "$1/data/capable"; chmod 755 "$1/data/capable"; setcap cap_net_bind_service+ep "$1/data/capable"
  echo marked > "$1/data/marked"; setfattr -n user.note -v 'a value' "$1/data/marked"
  echo root > "$1/data/setuid"; chmod 6755 "$1/data/setuid"
  echo owned > "$1/data/owned"; chown 1000:44 "$1/data/owned"; chmod 640 "$1/data/owned"
  echo huge > "$1/data/high-id"; chown 65534:65534 "$1/data/high-id"
}
layer_2() {
  rm -r "$1/data/removed" "$1/data/emptied" "$1/data/file-to-folder" "$1/data/folder-to-file"
  mkdir "$1/data/emptied" "$1/data/file-to-folder"
  echo two > "$1/data/emptied/two"; echo x > "$1/data/file-to-folder/x"; echo file > "$1/data/folder-to-file"
  echo two > "$1/data/replaced/one"
  mknod "$1/data/null" c 1 3; mknod "$1/data/fifo" p
  mkdir "$1/data/sticky"; chmod 3777 "$1/data/sticky"
}
layer_3() {
  # A hard link to a file of a lower layer: the layer holds both names.
  ln "$1/data/first-name" "$1/data/third-name"
  truncate -s 20M "$1/data/sparse"; printf x | dd of="$1/data/sparse" bs=1 seek=9000000 conv=notrunc status=none
  local long; long=$(printf 'n%.0s' $(seq 200))
  mkdir -p "$1/data/$long"; echo long > "$1/data/$long/$long"
  printf 'utf8\n' > "$1/data/$(printf 'm\303\266we \342\200\224 name')"; printf 'raw\n' > "$1/data/$(printf 'not-utf8-\377')"
  touch -d '1969-12-31T23:59:00Z' "$1/data/before-epoch" 2> /dev/null || true
  touch -d '2001-02-03T04:05:06.789Z' "$1/data/old"
}
layer_4() { rm "$1/data/second-name"; rm -r "$1/data/sticky"; echo four > "$1/data/four"; }
buildah_image layers-1 scratch layer_1 --env "$path" --cmd /bin/sh
for n in 2 3 4; do buildah_image layers-$n layers-$((n - 1)) layer_$n; done

for image in app httpd tools nginx; do push $image $image:1; done
push layers-4 layers:1
push layers-4 layers:docker --format v2s2

# Into a folder first: a registry that has a layer already is not sent it again, however it is compressed.
work=$(mktemp -d)
skopeo copy --quiet --src-tls-verify=false --dest-compress --dest-compress-format zstd \
  "docker://$registry/layers:1" "oci:$work/image:layers"
skopeo copy --quiet --dest-tls-verify=false "oci:$work/image:layers" "docker://$registry/layers:zstd"
rm -rf "$work"

# The same layers by umoci, which writes its own tar streams.
work=$(mktemp -d)
umoci init --layout "$work/image"
umoci new --image "$work/image:layers"
umoci unpack --image "$work/image:layers" "$work/bundle"
for n in 1 2 3 4; do
  layer_$n "$work/bundle/rootfs"
  umoci repack --refresh-bundle --image "$work/image:layers" "$work/bundle"
done
umoci config --image "$work/image:layers" --config.cmd /bin/sh --config.env "$path"
skopeo copy --quiet --dest-tls-verify=false "oci:$work/image:layers" "docker://$registry/layers:umoci"
rm -rf "$work"
