#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is wrong with an object, a parameter, a filter or a command line is said in one message that
# names it, with the right status, and never by a crash. `run FILE --help` opens an object without
# asking the kernel for anything.
. "$(dirname "$0")/../support/lib.sh"

GOOD=$OBJECTS/run_plain.bpf.o

# refused NAME STATUS REGEX ARGUMENTS...: that status, and a line of the form "bombus: what: why".
refused() {
	local name=$1 status=$2 regex=$3
	shift 3
	run_bombus "$@"
	if ! [[ $RC =~ ^${status}$ ]]; then
		fail "$name" "status $RC, not $status: bombus $*" "$(tail -n 10 <<<"$ERR")"
	elif ! grep -qE '^bombus: ' <<<"$ERR"; then
		fail "$name" "no line says 'bombus: ...'" "$ERR"
	elif ! grep -qiE -- "$regex" <<<"$ERR"; then
		fail "$name" "no line matches: $regex" "$ERR"
	elif [ -n "$OUT" ]; then
		fail "$name" "an error is not data, but standard output has: $(head -n 3 <<<"$OUT")"
	else
		pass "$name"
	fi
}

# --- files that are no objects ---
echo 'int main;' >text.o
: >empty.o
mkdir folder.o
refused 'a text file' 1 'not an ELF' run text.o
refused 'an empty file' 1 'empty|not an ELF' run empty.o
refused 'a folder' 1 'folder\.o' run folder.o
refused 'a missing file' 1 'missing\.o.*No such file' run missing.o
refused 'a missing path' 1 'No such file' run ./missing
refused 'empty standard input' 1 'standard input' run -
refused 'an image that is not there' 1 'nothere' run nothere
head -c 200000 /dev/urandom >random.o
refused 'random bytes' 1 'not an ELF' run random.o

# --- objects that are cut off, anywhere ---
size=$(stat -c %s "$GOOD")
crashes=
accepted=
step=$((size / 60))
for part in 1 4 15 16 17 32 51 52 63 64 65 100 $(seq $step $step $((size - 1))); do
	head -c "$part" "$GOOD" >cut.o
	run_bombus run cut.o --help
	[ "$RC" -lt 99 ] || crashes+=" $part:$RC"
	[ "$RC" -eq 1 ] || accepted+=" $part:$RC"
done
is 'a cut object never crashes' "$crashes" ''
is 'a cut object is always refused, with status 1' "$accepted" ''

# --- objects with a few bytes changed ---
crashes=
for seed in $(seq 1 40); do
	cp "$GOOD" bent.o
	for byte in 1 2 3 4; do
		at=$(((seed * 7919 + byte * 104729 + seed * seed * 31) % size))
		printf '%b' "\\0$(printf %o $((seed * 37 % 256)))" |
			dd of=bent.o bs=1 seek=$at conv=notrunc status=none
	done
	run_bombus run bent.o --help
	[ "$RC" -lt 99 ] || crashes+=" $seed:$RC"
done
is 'a bent object never crashes' "$crashes" ''

# --- objects that are whole, and wrong ---
if command -v gcc >/dev/null; then
	echo 'int f(int a) { return a + 1; }' | gcc -x c -c -o native.o -
	refused 'an object for this processor' 1 'BPF' run native.o
	refused 'a program for this processor' 1 'BPF' run "$(command -v sh)"
else
	skip 'an object for this processor' 'gcc is not installed'
fi
if command -v llvm-objcopy >/dev/null; then
	llvm-objcopy --remove-section=.BTF --remove-section=.BTF.ext "$GOOD" nobtf.o
	refused 'no BTF' 1 'BTF' run nobtf.o
	like 'no BTF: the hint says how to get it' "$ERR" '^hint: .*-g'
else
	skip 'no BTF' 'llvm-objcopy is not installed'
fi
refused 'a map of no known type' '[13]' 'strange.*9999|9999.*strange|type' \
	run "$OBJECTS/run_odd_type.bpf.o"

if command -v clang >/dev/null; then
	{
		echo 'typedef unsigned int __u32;'
		echo 'struct wide {'
		for i in $(seq 10000); do echo "	__u32 m$i;"; done
		echo '};'
		echo 'struct { int (*type)[27]; int (*max_entries)[65536]; struct wide *value; }'
		echo 'events __attribute__((section(".maps"), used));'
		echo 'char LICENSE[] __attribute__((section("license"), used)) = "GPL";'
		echo '__attribute__((section("raw_tp/sys_enter"), used))'
		echo 'int prog(void *c) { return 0; }'
	} >wide.c
	clang -target bpf -O2 -g -c wide.c -o wide.o
	refused '10,000 members' 1 '1024|members|fields' run wide.o
else
	skip '10,000 members' 'clang is not installed'
fi

# --- parameters ---
refused 'a number out of range' 2 'target_pid.*4294967296.*4294967295' \
	run "$GOOD" --set target_pid=4294967296
refused 'a negative number' 2 'target_pid.*-1' run "$GOOD" --set target_pid=-1
refused 'not a number' 2 "target_pid.*many" run "$GOOD" --set target_pid=many
refused 'no value' 2 'target_pid' run "$GOOD" --set target_pid
refused 'no such parameter' 2 "target_pdi" run "$GOOD" --set target_pdi=1
like 'no such parameter: the nearest one' "$ERR" "^hint: .*target_pid"

# --- filters ---
# caret NAME COLUMN: the last refusal showed the expression with a caret under that column (from 0).
caret() {
	local line at

	line=$(grep -nE '^ *\^' <<<"$ERR" | head -n 1)
	at=${line#*:}
	at=${at%%^*}
	# The expression stands on the line before; its first character is where columns begin.
	before=$(sed -n "$((${line%%:*} - 1))p" <<<"$ERR")
	before=${before%%[![:space:]]*}
	is "$1" $((${#at} - ${#before})) "$2"
}
refused 'filter: no such field' 2 "rond" run "$GOOD" --where 'small > 3 && rond > 1'
caret 'filter: the caret is under it' 13
like 'filter: the nearest field' "$ERR" "^hint: .*round"
refused 'filter: an open parenthesis' 2 '\^' run "$GOOD" --where '(round > 1'
refused 'filter: nothing behind an operator' 2 '\^' run "$GOOD" --where 'round >'
refused 'filter: a wrong operator' 2 '\^' run "$GOOD" --where 'round => 1'
refused 'filter: a bad regular expression' 2 '\^|regular' run "$GOOD" --where 'comm ~ "("'
refused 'filter: a text where a number is due' 2 '\^' run "$GOOD" --where 'round > "abc"'
refused 'filter: empty' 2 . run "$GOOD" --where ''
refused 'filter: no such map' 2 'evnts' run "$GOOD" --where 'evnts:round > 1'
refused 'filter: deep' 2 . run "$GOOD" \
	--where "$(printf '%.0s(' $(seq 2000))round$(printf '%.0s)' $(seq 2000))"
refused 'filter: long' 2 . run "$GOOD" --where "comm == \"$(head -c 5000 /dev/zero | tr '\0' a)\""
refused '-f: no such field' 2 'com' run "$GOOD" -f 'events,com,x'
like '-f: the nearest field' "$ERR" '^hint: .*comm'
refused '-f: no such map' 2 'event' run "$GOOD" -f 'event,comm,x'
refused '-f: too few words' 2 'MAP,FIELD,REGEX' run "$GOOD" -f 'events,comm'
refused '-f: a bad regular expression' 2 . run "$GOOD" -f 'events,comm,('

# --- other words ---
refused 'a map that is not there' 2 'evnts' run "$GOOD" --map evnts=counter
like 'a map that is not there: the nearest' "$ERR" '^hint: .*events'
refused 'a role that is not there' 2 'conter' run "$GOOD" --map events=conter
refused 'a map without a role' 2 'wants MAP=ROLE' run "$GOOD" --map events
refused 'a role without a map' 2 'wants MAP=ROLE' run "$GOOD" --map =events
refused 'a target without a program' 2 'wants PROG=TARGET' run "$GOOD" --attach eth0
refused 'no entries' 2 'events.*from 1 to 4294967295' run "$GOOD" --max-entries events=0
refused 'a label that is not there' 2 'com' run "$GOOD" --map events=counter --labels events=com
refused 'labels of what has none' 2 'events.*counter' run "$GOOD" --labels events=comm
like 'labels of a map without labels: a hint' "$ERR" '^hint: --map events=counter'
refused 'bounds of what has none' 2 'histogram' run "$GOOD" --map events=counter -b 'events,[1]'
refused 'a field that is not there' 2 'com' run "$GOOD" --fields events=com
like 'a field that is not there: the nearest' "$ERR" '^hint: .*comm'
refused 'fields of a map that is not there' 2 'evnts' run "$GOOD" --fields evnts=comm
refused 'fields without a field' 2 'MAP=FIELD' run "$GOOD" --fields events=,
refused 'a program that is not there' 2 'plian' run "$GOOD" --only plian
refused 'a ring size that is none' 2 'events' run "$GOOD" --ring events=lots
refused 'a form that is none' 2 'yaml' run "$GOOD" -o yaml
refused 'a duration that is none' 2 'soon' run "$GOOD" --duration soon
refused 'a count that is none' 2 'ten' run "$GOOD" -n ten
refused 'a namespace that is no name' 2 "a b" run "$GOOD" --namespace 'a b' --metrics=127.0.0.1:0
# --- several programs: which of them a word is for ---
refused 'a map of two programs' 2 'events.* several programs have such a map or variable: run_plain, run_plain-2$' \
	run "$GOOD" "$GOOD" --map events=counter
refused 'a parameter of two programs' 2 'several programs have such a parameter: a, run_plain$' \
	run "a=$GOOD" "$GOOD" --set target_pid=1
refused 'an expression for two programs' 2 'several programs have such a map with these fields' \
	run "$GOOD" "$GOOD" --where 'round > 1'
refused 'an expression that is none, for two programs' 2 'a value is missing here' \
	run "$GOOD" "$GOOD" --where 'round >'
refused 'an expression for none of two programs' 2 "no field 'rond'" \
	run "$GOOD" "$GOOD" --where 'rond > 1'
like 'an expression for none: the nearest field' "$ERR" "^hint: .*round"
refused 'a variable of one of two programs, in a word that is wrong' 2 "^bombus: b: .*'tree'" \
	run "$GOOD" "b=$OBJECTS/limits_bss.bpf.o" --map large=tree
refused 'a name that leads out of a folder' 2 "'..' cannot be the name of a program" run "..=$GOOD"
refused 'a map of none of two programs' 2 'no program has such a map' \
	run "$GOOD" "$GOOD" --map evnts=counter
refused "a program's own word" 2 'evnts' run "$GOOD" "b=$GOOD" --map b:evnts=counter
refused 'a word for each' 2 'many' run "$GOOD" "$GOOD" --set '*:target_pid=many'
refused 'a word for each that is missing' 2 "set \*:: the ':' is followed by nothing" \
	run "$GOOD" "$GOOD" --set '*:'
refused "a program's own word: the message names it" 2 "^bombus: b: .*NAME=VALUE" \
	run "$GOOD" "b=$GOOD" --set b:x
refused "a program's own expression: the message names it" 2 "^bombus: b: no field 'rond'" \
	run "$GOOD" "b=$GOOD" --where 'b:rond > 1'
refused 'a key for images: every program gets it' 2 "^bombus: b: no field 'rond'" \
	run "$GOOD" "b=$GOOD" --verify-key nothing.pub --where 'b:rond > 1'
refused "a program's own filter: the message names it" 2 "^bombus: b: no field 'com'" \
	run "$GOOD" "b=$GOOD" -f 'b:events,com,x'
refused "a program's own labels: the message names it" 2 "^bombus: b: .*'com'" \
	run "$GOOD" "b=$GOOD" --map b:events=counter --labels b:events=com
refused 'standard input twice' 2 "standard input .*'-' is given twice" run - b=-
refused 'a recording without a name' 2 'record is empty: it takes FILE' run "$GOOD" --record ''
refused 'two programs of one name' 2 "two programs have the name 'a'" run "a=$GOOD" "a=$GOOD"
refused 'one of two that is not there' 1 'missing\.o' run "$GOOD" missing.o
# 4294967296 + 39117 is 39117 in 32 bits.
refused 'a port that is too large' 2 'prom-port is from 1 to 65535, not 4295006413' \
	run "$GOOD" --prom-port 4295006413 --duration 1ms
refused 'a port that is none' 2 'prom-port is from 1' run "$GOOD" --prom-port 0
refused 'too many series' 2 'max-series is from 1 to 4294967295' run "$GOOD" --max-series 4294967297
refused 'an interval that is too short' 2 'interval is at least 1ms, not 5us' \
	run "$GOOD" --interval 5us
refused 'too many tries' 2 'retries is at most 100' run "$GOOD" --retries 101
refused 'a list of programs without one' 2 'only' run "$GOOD" --only ''
refused 'an address that is none' '[12]' 'nowhere' run "$GOOD" --metrics=nowhere
refused 'no word' 2 'run needs' run
refused 'a word too many' 2 'too many' inspect "$GOOD" "$GOOD"
refused 'an option without its value' 2 'where' run "$GOOD" --where
refused 'an unknown option' 2 'wher' run "$GOOD" --wher x
like 'an unknown option: the nearest' "$ERR" '^hint: .*--where'
refused 'an unknown command' 2 'rnu' rnu
like 'an unknown command: the nearest' "$ERR" "^hint: .*run"
run_bombus
is 'no command: wrong usage' "$RC" 2
for words in help version 'help run' 'run --help' '--help' '--version'; do
	# shellcheck disable=SC2086 # words
	run_bombus $words
	is "bombus $words: done" "$RC" 0
	at_least "bombus $words: says something on standard output" "${#OUT}" 5
	is "bombus $words: nothing on standard error" "$ERR" ''
done

# --- standard descriptors that came closed ---
timeout 20 "$BOMBUS" version >&- 2>.err
is 'standard output is closed: failed' $? 1
like 'standard output is closed: a message' "$(cat .err)" 'standard output: Bad file descriptor'
timeout 20 "$BOMBUS" run - <&- 2>.err
is 'standard input is closed: failed' $? 1
like 'standard input is closed: a message' "$(cat .err)" 'standard input: Bad file descriptor'

# --- names from an object reach a terminal as text, never as control characters ---
printf 'x' >"$(printf 'a\033[31mb.o')"
run_bombus run "$(printf 'a\033[31mb.o')"
unlike 'a name with an escape sequence is shown escaped' "$(cat -v <<<"$ERR")" '\^\['

# --- the kernel refuses (or this user may not ask it) ---
refused 'a hook that is not there' 3 'no_hook|sys_enter_no_such_call' \
	run "$OBJECTS/run_nohook.bpf.o" --duration 1s
refused 'a program that is unsafe' 3 'unsafe' run "$OBJECTS/run_unsafe.bpf.o" --duration 1s
if [ "$(id -u)" -eq 0 ]; then
	like 'a program that is unsafe: the last lines of the verifier' "$ERR" "invalid mem access"
	run_bombus run "$OBJECTS/run_no_maps.bpf.o" --duration 100ms
	is 'no maps: there is nothing to show' "$RC" 1
	like 'no maps: a message' "$ERR" '^bombus: .*nothing to show: it keeps its results in variables: --map rounds=counter shows it'
	run_bombus run "$OBJECTS/run_no_maps.bpf.o" --duration 100ms -o none
	is 'no maps: the program may have other work' "$RC" 0
	if command -v setpriv >/dev/null; then
		chmod 755 "$T"
		BOMBUS_ROOT=$BOMBUS
		cp "$BOMBUS" "$T/bombus-copy" && BOMBUS=$T/bombus-copy
		cp "$GOOD" "$T/copy.o"
		timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$BOMBUS" run "$T/copy.o" --duration 1s >"$T/.out" 2>"$T/.err"
		RC=$?
		BOMBUS=$BOMBUS_ROOT
		is 'without privileges: status 3' "$RC" 3
		if unshare -Ur true 2>/dev/null; then
			timeout 20 unshare -Ur "$T/bombus-copy" run "$T/copy.o" --duration 1s \
				>"$T/.ns" 2>&1
			is 'root of a user namespace: status 3' $? 3
			like 'root of a user namespace: the message names the capabilities' "$(cat "$T/.ns")" \
				'^hint: .*user namespace'
		else
			skip 'root of a user namespace' 'unshare cannot make one'
		fi
		(ulimit -n 8 && exec timeout 20 "$T/bombus-copy" run "$T/copy.o" --duration 1s) \
			>"$T/.few" 2>&1
		is 'few open files: status 3' $? 3
		like 'few open files: what to do' "$(cat "$T/.few")" '^hint: .*ulimit -n'
		like 'without privileges: the message names them' "$(cat "$T/.err")" 'CAP_BPF|root|privilege'
	else
		skip 'without privileges' 'setpriv is not installed'
	fi
fi

done_testing
