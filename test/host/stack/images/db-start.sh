#!/bin/sh
# PostgreSQL, with its cluster in /var/lib/postgresql/data. At the first start it is made there, in one piece or not at all.
set -eu
data=/var/lib/postgresql/data
if [ ! -e $data ]; then
  rm -rf $data.new
  printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
  initdb --pgdata=$data.new --username=stack --encoding=UTF8 --locale=C --auth=scram-sha-256 --pwfile=/tmp/password
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> $data.new/pg_hba.conf
  sync
  mv $data.new $data
fi
exec postgres -D $data -c 'listen_addresses=*' -c shared_buffers=16MB
