#!/bin/sh
# Makes what docker-compose.yml needs besides this repository, in deploy/made: secrets, a certificate of a CA of our own
# unless there is one, and the first configuration. What is there already stays as it is.
#
#   usage: deploy/prepare.sh HOST      HOST is the name by which users, pilots and worker nodes reach this machine
#
# A certificate of your own: put certificate chain and key into deploy/made/proxy.pem, and its CA into deploy/made/ca.pem.
set -eu
[ $# -eq 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
host=$1
case $host in *[!A-Za-z0-9.-]* | '' | -*) echo "prepare: $host is not a host name" >&2; exit 2 ;; esac

cd "$(dirname "$0")"
umask 022
# The folder keeps others on this machine out; the files in it are read by users of the containers.
mkdir -p -m 700 made
cd made

new() { [ ! -e "$1" ] || return 1; echo "making deploy/made/$1"; }

for name in master-key database-password object-store-key; do
  if new "$name"; then openssl rand -hex 32 >"$name"; fi
done

if new objects.json; then
  cat >objects.json <<JSON
{
  "identities": [
    {
      "name": "pilotage",
      "credentials": [{ "accessKey": "pilotage", "secretKey": "$(cat object-store-key)" }],
      "actions": ["Admin", "Read", "Write", "List", "Tagging"]
    }
  ]
}
JSON
fi

if new proxy.pem; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=Pilotage private CA' \
    -keyout ca.key -out ca.pem 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" -keyout proxy.key -out proxy.csr 2>/dev/null
  printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$host" >proxy.ext
  openssl x509 -req -in proxy.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile proxy.ext -out proxy.crt 2>/dev/null
  cat proxy.crt proxy.key >proxy.pem
  rm -f proxy.csr proxy.ext proxy.crt proxy.key ca.srl
  chmod 600 ca.key
  chmod 644 proxy.pem
fi

if new site.yml; then sed "s/@HOST@/$host/g" ../site.yml >site.yml; fi
if new ../../.env; then echo "PILOTAGE_HOST=$host" >../../.env; fi
