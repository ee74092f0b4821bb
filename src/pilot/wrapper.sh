#!/bin/sh
# Starts a Pilotage pilot. A computing element runs this script on a worker node; POSIX sh is all it needs.
# It finds Node or fetches the server's own, fetches the pilot, checks both by SHA-256, runs the pilot in a private
# directory, hands signals on to it, and removes the directory at the end. The exit code is the pilot's, or:
#   10 no private directory   11 a download failed or has the wrong checksum   12 no Node that works here
#
# The site director puts these variables in place of the next line; see pilot-wrapper.ts:
#   PILOTAGE_SERVER               URL of the server
#   PILOTAGE_STAMP                stamp of this pilot
#   PILOTAGE_SECRET               its one-time secret; goes to the pilot by a file, never by arguments or environment
#   PILOTAGE_CA                   PEM of the CA to trust; empty: the node's own list
#   PILOTAGE_BUNDLE_NAME, PILOTAGE_BUNDLE_SHA256      the pilot bundle
#   PILOTAGE_RUNTIME_X64_NAME, PILOTAGE_RUNTIME_X64_SHA256
#   PILOTAGE_RUNTIME_ARM64_NAME, PILOTAGE_RUNTIME_ARM64_SHA256    Node for this architecture; empty: none is offered
#   PILOTAGE_CVMFS                folders, blank between them, that may hold `node-<arch>/bin/node` and `<sha256>/<name>`
#   PILOTAGE_WORKDIR              where to work; empty: the batch system's scratch folder, TMPDIR or the current folder
#   PILOTAGE_PILOT_*              settings of the pilot, exported
# @PILOTAGE_HEADER@

umask 077
directory=
log=/dev/null
pilot=

say() {
  line="$(date -u +%Y-%m-%dT%H:%M:%SZ) wrapper: $*"
  echo "$line"
  echo "$line" >>"$log"
}

clean() {
  cd /
  [ -z "$directory" ] || rm -rf "$directory" 2>/dev/null || { chmod -R u+rwx "$directory"; rm -rf "$directory"; }
}

fail() {
  code=$1
  shift
  say "$*"
  clean
  exit "$code"
}

make_directory() {
  for base in "$PILOTAGE_WORKDIR" "${_CONDOR_SCRATCH_DIR:-}" "${TMPDIR:-}" "$(pwd)"; do
    if [ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ]; then
      directory="$base/pilotage-$(echo "$PILOTAGE_STAMP" | cut -c1-12)-$$"
      if mkdir -m 700 "$directory" 2>/dev/null; then return 0; fi
    fi
  done
  directory=
  return 1
}

checksum() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1" | cut -d' ' -f1
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 -r <"$1" | cut -d' ' -f1
  elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1" | cut -d' ' -f1
  elif [ -n "$node" ]; then "$node" -e "process.stdout.write(require('crypto').createHash('sha256').update(require('fs').readFileSync(process.argv[1])).digest('hex'))" "$1"
  fi
}

# Downloads one URL into a file, over TLS that is verified.
download() {
  if command -v curl >/dev/null 2>&1; then
    if [ -s ca.pem ]; then curl -fsS --cacert ca.pem --connect-timeout 20 --max-time 600 -o "$2" "$1" 2>>"$log"
    else curl -fsS --connect-timeout 20 --max-time 600 -o "$2" "$1" 2>>"$log"; fi
  elif wget --version 2>/dev/null | grep -q 'GNU Wget'; then
    if [ -s ca.pem ]; then wget -q --ca-certificate=ca.pem --timeout=60 --tries=1 -O "$2" "$1" 2>>"$log"
    else wget -q --timeout=60 --tries=1 -O "$2" "$1" 2>>"$log"; fi
  elif [ -n "$node" ]; then
    NODE_EXTRA_CA_CERTS=ca.pem "$node" -e "
      const [url, file] = process.argv.slice(1);
      require('https').get(url, (reply) => {
        if (reply.statusCode !== 200) throw new Error('HTTP ' + reply.statusCode);
        reply.pipe(require('fs').createWriteStream(file));
      });" "$1" "$2" 2>>"$log"
  else
    say 'there is no curl, GNU wget or Node to download with'
    return 1
  fi
}

# Brings one file of the server here, by name and checksum: from CVMFS, else by download. Anything else is refused.
fetch() {
  name=$1 wanted=$2
  for base in $PILOTAGE_CVMFS; do
    if [ -r "$base/$wanted/$name" ] && cp "$base/$wanted/$name" "$name" && [ "$(checksum "$name")" = "$wanted" ]; then return 0; fi
  done
  pause=1
  for try in 1 2 3 4 5 6 7 8; do
    if download "$PILOTAGE_SERVER/api/pilot-files/$wanted/$name" "$name"; then
      [ "$(checksum "$name")" = "$wanted" ] && return 0
      say "$name has the wrong checksum and is refused"
      return 1
    fi
    say "$name was not downloaded (try $try)"
    [ "$try" = 8 ] || sleep "$pause"
    pause=$((pause * 2))
  done
  return 1
}

new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' >/dev/null 2>&1
}

find_node() {
  case $(uname -m) in
    x86_64) arch=x64 runtime=$PILOTAGE_RUNTIME_X64_NAME runtime_sum=$PILOTAGE_RUNTIME_X64_SHA256 ;;
    aarch64) arch=arm64 runtime=$PILOTAGE_RUNTIME_ARM64_NAME runtime_sum=$PILOTAGE_RUNTIME_ARM64_SHA256 ;;
    *) arch=none runtime='' runtime_sum='' ;;
  esac
  for node in "${PILOTAGE_NODE:-}" $(for base in $PILOTAGE_CVMFS; do echo "$base/node-$arch/bin/node"; done) "$(command -v node 2>/dev/null)"; do
    if [ -n "$node" ] && new_enough "$node"; then return 0; fi
  done
  node=
  [ -n "$runtime_sum" ] || return 1
  say "no Node here is new enough; fetching $runtime"
  fetch "$runtime" "$runtime_sum" || fail 11 'the runtime could not be fetched'
  case $runtime in
    *.gz) gzip -dc "$runtime" >node && rm -f "$runtime" ;;
    node) ;;
    *) mv "$runtime" node ;;
  esac
  chmod 700 node
  node="$directory/node"
  new_enough "$node"
}

# A signal that arrives before the pilot runs ends the wrapper; afterwards it is the pilot that must end.
hand_on() {
  if [ -z "$pilot" ]; then fail 143 "stopped by SIG$1"; fi
  kill -s "$1" "$pilot" 2>/dev/null
}
for name in TERM INT HUP USR1 USR2 XCPU; do
  # shellcheck disable=SC2064
  trap "hand_on $name" "$name"
done

make_directory || fail 10 'there is no folder to work in'
cd "$directory" || fail 10 "$directory cannot be entered"
log="$directory/wrapper.log"
node=
say "$(uname -srm), $(id -un 2>/dev/null) on $(uname -n), directory $directory"
printf '%s\n' "$PILOTAGE_SECRET" >secret
unset PILOTAGE_SECRET
if [ -n "$PILOTAGE_CA" ]; then
  printf '%s\n' "$PILOTAGE_CA" >ca.pem
  export PILOTAGE_CA_FILE="$directory/ca.pem"
fi
find_node || fail 12 'there is no Node >= 20.19 here, and the server offers none that runs'
fetch "$PILOTAGE_BUNDLE_NAME" "$PILOTAGE_BUNDLE_SHA256" || fail 11 'the pilot could not be fetched'
say "starting $PILOTAGE_BUNDLE_NAME with $node ($("$node" --version))"

export PILOTAGE_SERVER PILOTAGE_STAMP PILOTAGE_BUNDLE_SHA256
export PILOTAGE_DIRECTORY="$directory" PILOTAGE_SECRET_FILE="$directory/secret" PILOTAGE_WRAPPER_LOG="$log"
"$node" "$PILOTAGE_BUNDLE_NAME" &
pilot=$!
while :; do
  wait "$pilot"
  code=$?
  # A trapped signal ends the wait, not the pilot.
  kill -0 "$pilot" 2>/dev/null || break
done
log=/dev/null
say "the pilot ended with exit code $code"
clean
exit "$code"
