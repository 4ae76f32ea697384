# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Reading TAP as our shell tests and cmocka 1.1.5 write it. cmocka prints a plan per group, skips as
# `not ok N # SKIP name`, and a group whose set-up failed as `not ok 0 - ...` in place of its tests.

# tap_judge FILE STATUS LIMIT: prints "passed failed skipped reason...".
tap_judge() {
	awk -v status="$2" -v limit="$3" '
	/^1\.\.[0-9]+/ {
		plans++
		split($1, part, /\.\./)
		planned += part[2]
		if (part[2] == 0 && /# *[Ss][Kk][Ii][Pp]/)
			all_skipped++
		next
	}
	/^(not )?ok( |$)/ {
		ran++
		if (/# *[Ss][Kk][Ii][Pp]( |$)/)
			skipped++
		else if (/^ok/)
			passed++
		else
			failed++
	}
	END {
		why = ""
		if (status == 124 || status == 137)
			why = "took longer than " limit " seconds"
		else if (status > 128)
			why = "ended by signal " status - 128
		else if (!plans)
			why = "ended with status " status " before it said how many tests there are"
		else if (planned != ran)
			why = "planned " planned " tests, " ran + 0 " ran (status " status ")"
		else if (status != 0 && !failed)
			why = "ended with status " status " though no test failed"
		print passed + 0, failed + (why != ""), skipped + all_skipped, why
	}' "$1"
}

# The failed results, each with the comment lines that follow it.
tap_details() {
	awk '
	/^(not )?ok( |$)/ { show = /^not ok/ && !/# *[Ss][Kk][Ii][Pp]/ }
	show && (/^not ok/ || /^#/)
	' "$1"
}

tap_skips() {
	sed -nE -e 's/^(not )?ok +[0-9]* *-? *(.*)# *[Ss][Kk][Ii][Pp] *(.*)$/\2\3/p' \
		-e 's/^1\.\.0.*# *[Ss][Kk][Ii][Pp] *//p' "$1" |
		sort | uniq -c | sed -E 's/^ *1 //; s/^ *([0-9]+) (.*)$/\2 (\1 times)/'
}
