// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "base/util.h"
#include "runner/load/kernel/verifier.h"

#define TAIL_LINES 24
/* The verifier does not know which of them a number points to. */
#define MEMORY_ADVICE                                                                              \
	"kernel memory is read with BPF_CORE_READ() or bpf_probe_read_kernel(), memory of a "      \
	"program, such as a system call's argument, with bpf_probe_read_user(): "                  \
	"bpf_probe_read_user(&copy, sizeof(copy), (void *)ctx->args[0])"

static bool is_statistics(const char *line)
{
	return has_prefix(line, "processed ") || has_prefix(line, "verification time ") ||
	       has_prefix(line, "stack depth ") || has_prefix(line, "libbpf: ") ||
	       has_prefix(line, "arg#0 reference type(");
}

/* "12: (85) call bpf_x#1", "; int x = y;", "R0=inv(id=0)", "from 5 to 7: ..." */
static bool is_trace(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	if (line[0] == ';' || line[0] == '\0' || line[0] == '\n')
		return true;
	if (digits && line[digits] == ':')
		return true;
	if (line[0] == 'R' && isdigit((unsigned char)line[1]) && strchr("=_", line[2]) && line[2])
		return true;
	return has_prefix(line, "from ") || has_prefix(line, "func#") ||
	       has_prefix(line, "last_idx ") || has_prefix(line, "regs=") ||
	       has_prefix(line, "mark_precise") || has_prefix(line, "Validating ") ||
	       has_prefix(line, "arg#") || has_prefix(line, "cur state:") ||
	       has_prefix(line, "old state:") || has_prefix(line, "caller") ||
	       has_prefix(line, "callee") || has_prefix(line, "frame");
}

bool verifier_verdict(const char *log, char *line, size_t size)
{
	const char *verdict = NULL;

	for (const char *p = log; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!is_statistics(p) && !is_trace(p))
			verdict = p;
	if (!verdict)
		return false;
	snprintf(line, size, "%.*s", (int)strcspn(verdict, "\n"), verdict);
	return true;
}

const char *verifier_advice(const char *verdict)
{
	static const struct {
		const char *words, *advice;
	} known[] = {
		{ "GPL", "char LICENSE[] SEC(\"license\") = \"GPL\"; allows these helpers" },
		{ "_or_null'",
		  "a pointer from a map or helper is compared with NULL before it is used" },
		{ "infinite loop", "a loop needs a limit that the verifier sees, or bpf_loop()" },
		{ "back-edge", "kernels before 5.3 take no loops: #pragma unroll" },
		{ "too large", "bound the loops, or make several programs of it" },
		{ "too complex", "bound the loops, or make several programs of it" },
		{ "mem access 'scalar'", MEMORY_ADVICE },
		{ "mem access 'inv'", MEMORY_ADVICE },
		{ "mem access 'user_'", "memory of a program is read with bpf_probe_read_user()" },
		{ "Unreleased reference",
		  "what was reserved or acquired is submitted, discarded or "
		  "released on every path" },
		{ "combined stack size", "large locals belong in a per-CPU array" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strstr(verdict, known[i].words))
			return known[i].advice;
	return NULL;
}

void verifier_tail(const char *log, char *text, size_t size)
{
	const char *start = log + strlen(log);
	size_t used = 0, lines = 0;

	while (start > log && lines <= TAIL_LINES)
		if (--start == log || start[-1] == '\n')
			lines += !is_statistics(start);
	text[0] = '\0';
	for (const char *p = start; *p;) {
		size_t len = strcspn(p, "\n");

		len += p[len] == '\n';
		if (!is_statistics(p) && used + len < size) {
			memcpy(text + used, p, len);
			used += len;
			text[used] = '\0';
		}
		p += len;
	}
}

bool verifier_core_failure(const char *log, char *line, size_t size)
{
	static const char mark[] = "failed to resolve CO-RE relocation ";
	const char *at = strstr(log, mark), *type;
	size_t len;

	if (!at)
		return false;
	/* "<byte_off> [8] struct task_struct.foo (0:79:0 @ offset 1234)" */
	at += sizeof(mark) - 1;
	len = strcspn(at, "\n");
	type = memchr(at, ']', len);
	if (type && type[1] == ' ') {
		len -= (size_t)(type + 2 - at);
		at = type + 2;
	}
	type = memmem(at, len, " (", 2);
	if (type)
		len = (size_t)(type - at);
	snprintf(line, size, "'%.*s'", (int)len, at);
	return true;
}

/* The word behind `mark` up to '#' or the end of the line. */
static bool word_behind(const char *log, const char *mark, const char **ret, size_t *ret_len)
{
	const char *at = strstr(log, mark);

	if (!at)
		return false;
	*ret = at + strlen(mark);
	*ret_len = strcspn(*ret, "#\n ");
	return *ret_len > 0;
}

bool verifier_unknown_call(const char *log, char *line, size_t size)
{
	const char *name;
	size_t len;

	if (word_behind(log, "program of this type cannot use helper ", &name, &len) ||
	    word_behind(log, "unknown func ", &name, &len)) {
		if (len == 7 && !strncmp(name, "unknown", 7)) /* "unknown#212" */
			len = 0;
		if (len)
			snprintf(line, size,
				 "this kernel does not let programs of this type call "
				 "the helper %.*s()",
				 (int)len, name);
	} else if (word_behind(log, "calling kernel function ", &name, &len)) {
		snprintf(line, size,
			 "this kernel does not let programs of this type call the "
			 "kernel function %.*s()",
			 (int)len, name);
	} else if (strstr(log, "invalid func ")) {
		len = 0;
	} else {
		return false;
	}
	if (!len)
		snprintf(line, size, "this kernel does not know a helper that the program calls");
	return true;
}
