/**
 * The shell script that stands between the CE and a run. It is the leader of a session of its own and outlives the
 * agents. It claims the run by a hard link (a second runner of the same run ends at once), writes down its pid and start
 * time, runs the program, kills what the program left behind (known by its working folder, as a batch system would know it
 * by its cgroup) and writes the exit code: a run that has ended has no process any more. Arguments: the run's folder, then the program's own.
 */
export const runnerScript = `#!/bin/sh
run=$1; shift
IFS= read -r stat </proc/$$/stat
start=$(set -- \${stat##*') '}; shift 19; echo "$1")
IFS= read -r boot </proc/sys/kernel/random/boot_id
echo "$$ $start $boot" >"$run/process.$$"
ln "$run/process.$$" "$run/process" 2>/dev/null || { rm -f "$run/process.$$"; exit 0; }
rm -f "$run/process.$$"
[ -e "$run/stop" ] && exit 0
trap : TERM INT HUP
cd "$run/work" || exit 1
./program "$@" </dev/null >"$run/stdout" 2>"$run/stderr" &
child=$!
while :; do
  wait "$child"; code=$?
  kill -0 "$child" 2>/dev/null || break
done
cd /
tries=0
while [ "$tries" -lt 100 ]; do
  left=$(ls -l /proc/[0-9]*/cwd 2>/dev/null |
    awk -v here=" -> $run/" 'index($0, here) && match($0, /\\/proc\\/[0-9]+/) { print substr($0, RSTART + 6, RLENGTH - 6) }')
  [ -n "$left" ] || break
  kill -KILL $left 2>/dev/null
  sleep 0.1
  tries=$((tries + 1))
done
echo "$code" >"$run/exit.new"
mv "$run/exit.new" "$run/exit"
`;
