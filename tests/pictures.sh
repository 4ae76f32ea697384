#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The pictures of the README: real runs, replayed in a terminal (tmux) and drawn as SVG.
#
#	tests/pictures.sh		draws docs/pictures/*.svg from the recordings in tests/golden
#	tests/pictures.sh record	makes these recordings anew: root, on processes of its own
#
# Where this bombus has the live table (-o tui), that is what the pictures show.
. "$(dirname "$0")/support/lib.sh"
GOLDEN=$TOP/tests/golden
PICTURES=$TOP/docs/pictures
COLUMNS_WIDE=110

# in_group COMM JOB...: traffic in the cgroup that the programs look at.
in_group() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' in-group "$GROUP" \
		"$BUILD/tests/support/traffic" --now --comm "$@" >/dev/null &
	started+=("$!")
}

# record NAME IMAGE TRAFFIC ARGUMENTS...: while TRAFFIC, a function, goes on.
record() {
	local name=$1 image=$2 traffic=$3
	shift 3
	bombus_start "$name" --store "$EXAMPLES" run "$image" -o none --interval 500ms \
		--set target_cgroup="$(stat -c %i "$GROUP")" --record "$T/$name.rec" "$@" || exit 1
	"$traffic"
	bombus_stop INT
	cp "$name.rec" "$GOLDEN/$name.rec"
	note "$(tail -n 1 "$name.err")" "$(stat -c '%s bytes: %n' "$GOLDEN/$name.rec")"
}

connections() {
	local i steady=() busy=() rare=()

	for ((i = 0; i < 28; i++)); do
		steady+=("tcp,127.0.0.1,10,$((1 + i % 3))" 'sleep,400')
		busy+=("tcp,127.0.1.53,10,$((i < 14 ? 1 + i / 2 : 15 - i / 2))" 'sleep,400')
		[ $((i % 4)) -ne 0 ] || rare+=('tcp,::1,10,1' 'refused,127.0.0.9,1')
		rare+=('sleep,400')
	done
	in_group curl "${steady[@]}"
	in_group dns "${busy[@]}"
	in_group probe "${rare[@]}"
	sleep 13
}

waits() {
	local i

	for ((i = 0; i < 6; i++)); do in_group "worker-$((i % 3))" spin,3000 naps,3,800; done
	in_group sleeper naps,7,1200
	sleep 13
}

# picture NAME RECORDING ROWS SECONDS MARKER KEY...: waits so long and until the screen shows the
# marker, presses the keys, draws what stands there.
picture() {
	local name=$1 recording=$2 rows=$3 seconds=$4 marker=$5 command key
	shift 5

	command="$BOMBUS replay $GOLDEN/$recording.rec -q -o $form --speed $speed; sleep 60"
	tmux -L "$socket" -f /dev/null new-session -d -x $COLUMNS_WIDE -y "$rows" \
		"LC_ALL=C.UTF-8 TERM=screen-256color $command" || exit 1
	sleep "$seconds"
	# shellcheck disable=SC2016 # expanded by the inner shell
	wait_for 30 bash -c 'tmux -L "$1" capture-pane -p | grep -qE -- "$2"' - "$socket" "$marker" || {
		fail "$name" "the screen never shows: $marker" "$(tmux -L "$socket" capture-pane -p)"
		tmux -L "$socket" kill-server
		return
	}
	for key in "$@"; do
		tmux -L "$socket" send-keys "$key"
		sleep 0.3
	done
	tmux -L "$socket" capture-pane -e -p >"$name.screen"
	tmux -L "$socket" kill-server
	mkdir -p "$PICTURES"
	if python3 "$TESTS/support/screen_svg.py" "bombus run $recording" $COLUMNS_WIDE <"$name.screen" \
		>"$name.svg" && grep -q "[[:alnum:]]" "$name.screen"; then
		cp "$name.svg" "$PICTURES/$name.svg"
		pass "$name"
	else
		fail "$name" "$(head -n 5 "$name.screen")"
	fi
}

if [ "${1:-}" = record ]; then
	need_root
	cgroup_make || skip_all 'no cgroup v2 can be made here'
	record tcpconnect tcpconnect connections
	record runqlat runqlat waits --set by_comm=true
	exit 0
fi

bombus_there
need tmux python3
socket=bombus-pictures-$$
at_exit+=("tmux -L $socket kill-server")
if "$BOMBUS" replay --help | grep -qw tui; then
	form=tui speed=1
	picture stream tcpconnect 22 8 curl
	picture table tcpconnect 14 11 curl Tab
	picture histogram runqlat 26 10 worker-1
	picture heatmap runqlat 26 7 worker-1 v
else
	form=table speed=max
	picture table tcpconnect 26 0 '127.0.1.53.*[0-9]'
	picture histogram runqlat 16 0 worker-1
fi
done_testing
