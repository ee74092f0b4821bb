/**
 * The guard's program, for any POSIX shell. It needs no file: a full disk must not make it blind. $1 marker of all
 * payloads, $2 process id of the wrapper script, $3 the pilot's directory. Lines of its input:
 *   watch GROUP DEADLINE UID MARK   a payload, or its new deadline, in hundredths of a second of /proc/uptime; UID is `-`
 *                                   where payloads have no user id of their own, MARK stands in its environment
 *   forget GROUP                    it is gone
 *   bye                             the pilot ends in order
 * Deadlines are kept by a child, because `read` in a POSIX shell cannot wait for a limited time.
 */
export const guardScript = `
trap '' TERM INT HUP QUIT USR1 USR2 XCPU
marker=$1 wrapper=$2 directory=$3 payloads= timer=
short=0.2
sleep 0.01 2>/dev/null || short=1

# Sets group, deadline, uid and mark of one payload.
parse() {
  group=\${1%%,*} mark=\${1##*,}
  deadline=\${1#*,}
  uid=\${deadline#*,}
  deadline=\${deadline%%,*} uid=\${uid%%,*}
}

# Whether the process with folder $1 belongs to user $2.
owned() {
  [ "$2" != - ] || return 1
  while read -r key value more; do
    case $key$value in
      State:[ZX]) return 1 ;;
      Uid:*) [ "$value" = "$2" ]; return ;;
    esac
  done <"$1/status"
  return 1
}

# Kills whatever carries the mark $1 or belongs to the user $2, again and again until nothing is found.
hunt() {
  tries=0
  while [ "$tries" -lt 50 ]; do
    found=
    for folder in /proc/[0-9]*; do
      [ -r "$folder/environ" ] || continue
      if owned "$folder" "$2" || tr '\\0' '\\n' <"$folder/environ" | grep -qxF "$1"; then
        found=yes
        kill -KILL "\${folder#/proc/}"
      fi
    done
    [ -n "$found" ] || return 0
    tries=$((tries + 1))
    sleep "$short"
  done
  return 1
}

# Kills the payloads whose deadline has passed. Ends with its parent, whose successor is told everything again.
enforce() {
  nap= ended=
  trap 'kill "$nap"; wait "$nap"; exit 0' ALRM
  while :; do
    pause=1
    for one in $payloads; do
      parse "$one"
      read -r now more </proc/uptime || exit 1
      left=$((deadline - \${now%.*}\${now#*.}))
      if [ "$left" -gt 300 ]; then continue; fi
      if [ "$left" -gt 0 ]; then pause=$short; continue; fi
      case " $ended " in *" $group "*) continue ;; esac
      read -r self name state parent more </proc/self/stat
      [ "$parent" = "$$" ] || exit 1
      kill -KILL "-$group"
      if hunt "$mark" "$uid"; then ended="$ended $group"; fi
    done
    sleep "$pause" &
    nap=$!
    wait "$nap"
    read -r self name state parent more </proc/self/stat
    [ "$parent" = "$$" ] || exit 1
  done
}

disarm() {
  [ -n "$timer" ] || return 0
  kill -ALRM "$timer"
  wait "$timer"
  timer=
}

drop() {
  kept=
  for one in $payloads; do
    case $one in "$1",*) ;; *) kept="$kept $one" ;; esac
  done
  payloads=$kept
}

while read -r word first second third fourth; do
  case $word in
    watch) drop "$first"; payloads="$payloads $first,$second,$third,$fourth" ;;
    forget) drop "$first" ;;
    bye) disarm; exit 0 ;;
  esac
  disarm
  if [ -n "$payloads" ]; then
    enforce &
    timer=$!
  fi
done
disarm
for one in $payloads; do parse "$one"; kill -KILL "-$group"; done
for one in $payloads; do
  parse "$one"
  if [ "$uid" != - ]; then hunt "$mark" "$uid"; fi
done
hunt "$marker" -
if [ -n "$directory" ] && ! kill -0 "$wrapper"; then rm -rf "$directory"; fi
`;
