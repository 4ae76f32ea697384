# SPDX-License-Identifier: Apache-2.0
#
# A page of mdoc(7), without its date, from a document of spec/:
#
#	awk -v name=bombus-maps -v section=7 -v version=0.1.0 -v summary='how ...' -f spec.awk spec/maps.md
#
# It knows what the documents use: headings, paragraphs, lists, tables, blocks of code, `code`,
# **strong** words and [links](to). A row of a table is its first cell, and the others behind it.

function escape(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text
}

# Marks of Markdown in the text of a line, as fonts.
function marks(text,    out, at, end) {
	while ((at = match(text, /`[^`]+`|\*\*[^*]+\*\*|\*[A-Za-z][^*]*\*|\[[^]]+\]\([^)]*\)/))) {
		out = out escape(substr(text, 1, at - 1))
		end = substr(text, at, RLENGTH)
		text = substr(text, at + RLENGTH)
		if (end ~ /^`/)
			out = out "\\fB" escape(substr(end, 2, length(end) - 2)) "\\fP"
		else if (end ~ /^\*\*/)
			out = out "\\fB" escape(substr(end, 3, length(end) - 4)) "\\fP"
		else if (end ~ /^\*/)
			out = out "\\fI" escape(substr(end, 2, length(end) - 2)) "\\fP"
		else {
			sub(/\]\(.*/, "", end)
			out = out marks(substr(end, 2))
		}
	}
	return out escape(text)
}

# Wraps, with each sentence on lines of its own.
function fill(text,    words, n, i, line, word) {
	n = split(text, words, / +/)
	for (i = 1; i <= n; i++) {
		word = words[i]
		if (word == "")
			continue
		if (line != "" && length(line) + 1 + length(word) > 78) {
			print line
			line = ""
		}
		if (line == "" && word ~ /^[.']/)
			word = "\\&" word
		line = line (line == "" ? "" : " ") word
		if (word ~ /[^.][.!?](\\fP)?[)'"]*(\\fP)?$/) {
			print line
			line = ""
		}
	}
	if (line != "")
		print line
}

# The paragraph or item that was read so far.
function flush() {
	if (text != "")
		fill(marks(text))
	text = ""
}

function close_list() {
	flush()
	if (list)
		print ".El"
	list = ""
}

# Cells of a row; a bar behind a backslash is a part of its cell.
function cells_of(line, cells,    n, i) {
	gsub(/\\\|/, "\001", line)
	sub(/^ *\| */, "", line)
	sub(/ *\| *$/, "", line)
	n = split(line, cells, / *\| */)
	for (i = 1; i <= n; i++)
		gsub(/\001/, "|", cells[i])
	return n
}

function tag(text) {
	text = marks(text)
	gsub(/"/, "\\(dq", text)
	print ".It \"" text "\""
}

function row(line,    cells, n, i, rest) {
	n = cells_of(line, cells)
	tag(cells[1])
	for (i = 2; i <= n; i++)
		if (cells[i] != "")
			rest = rest (rest == "" ? "" : "; ") (n > 2 && heads[i] != "" ? heads[i] ": " : "") cells[i]
	fill(marks(rest))
}

function heading(line) {
	sub(/^#+ */, "", line)
	return line
}

FNR == 1 {
	print ".Dt " toupper(name) " " section
	print ".Os bombus " version
	print ".Sh NAME"
	print ".Nm " name
	print ".Nd " summary
	print ".Sh DESCRIPTION"
	fresh = 1
	next
}
/^ *```/ {
	if (code) {
		print ".Ed"
	} else {
		flush()
		print ".Bd -literal"
	}
	code = !code
	fresh = 0
	gap = 1
	next
}
code || (/^    / && text == "" && !list) {
	if (!code && !indented) {
		print ".Bd -literal"
		indented = 1
	}
	line = $0
	if (!code)
		sub(/^    /, "", line)
	line = escape(line)
	print (line ~ /^[.']/ ? "\\&" : "") line
	next
}
indented {
	print ".Ed"
	indented = 0
	fresh = 0
	gap = 1
}
/^#/ {
	close_list()
	line = marks(heading($0))
	print (/^## / ? ".Sh " : ".Ss ") line
	fresh = 1
	next
}
/^ *\|[-| :]+\|$/ {
	next
}
/^ *\|/ {
	if (list != "table") {
		close_list()
		cells_of($0, heads)
		print ".Bl -tag -width Ds"
		list = "table"
		fresh = 0
		next
	}
	row($0)
	next
}
/^ *([-*]|[0-9]+\.) / {
	if (list != "items") {
		close_list()
		print ".Bl -bullet"
		list = "items"
	}
	flush()
	print ".It"
	sub(/^ *([-*]|[0-9]+\.) /, "")
	text = $0
	fresh = 1
	next
}
/^ *$/ {
	if (list == "table")
		close_list()
	else
		flush()
	gap = 1
	next
}
{
	if (list == "table" || (list && gap && /^[^ ]/))
		close_list()
	if (gap && !fresh)
		print ".Pp"
	gap = fresh = 0
	sub(/^ +/, "")
	text = text (text == "" ? "" : " ") $0
}
END {
	close_list()
	if (indented)
		print ".Ed"
}
