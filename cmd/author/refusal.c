// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/refusal.h"

#include "base/err.h"
#include "base/util.h"
#include "cmd/author/compile.h"

/* The header after "fatal error: '" where clang did not find it; NULL: another error. */
static char *missing_header(const char *said)
{
	const char *end = strstr(said, "' file not found"), *start = end;

	while (start && start > said && start[-1] != '\'' && start[-1] != '\n')
		start--;
	return end ? xstrndup(start, (size_t)(end - start)) : NULL;
}

/* The text between the quotes behind `mark`; NULL: it is not there. */
static char *quoted_behind(const char *said, const char *mark)
{
	const char *at = strstr(said, mark);

	at = at ? at + strlen(mark) : NULL;
	return at ? xstrndup(at, strcspn(at, "'\n")) : NULL;
}

/* Names that the macros of <bombus/bombus.bpf.h> want to be there. */
static bool explain_undeclared(const char *said, struct err *err)
{
	static const char *const filters[] = {
		"target_pid",	 "target_uid",	     "target_comm",
		"target_cgroup", "bombus_by_cgroup", "bombus_cgroups"
	};
	_cleanup_free_ char *name = quoted_behind(said, "use of undeclared identifier '");

	if (!name)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (streq(name, filters[i]))
			err_hint(err, "write BOMBUS_FILTERS; behind the lines with #include");
	if (has_suffix(name, "__lost"))
		err_hint(err,
			 "write BOMBUS_LOST(%.*s); in front of the map: it counts what was lost",
			 (int)(strlen(name) - strlen("__lost")), name);
	return has_suffix(name, "__lost") || (err && err->hint[0]);
}

static bool explain_types(const char *said, struct err *err)
{
	static const char *const types[] = { "__u8", "__u16", "__u32", "__u64",	 "__s32", "__s64",
					     "u32",  "u64",   "pid_t", "size_t", "bool" };
	_cleanup_free_ char *name = quoted_behind(said, "unknown type name '");

	for (size_t i = 0; name && i < ARRAY_LEN(types); i++) {
		if (!streq(name, types[i]))
			continue;
		err_hint(err, "write #include \"vmlinux.h\" as the first line of the program");
		return true;
	}
	return false;
}

void refusal_explain(const char *said, const struct compile_opts *o, const struct err *vmlinux_err,
		     struct err *err)
{
	_cleanup_free_ char *header = missing_header(said);

	if (!header) {
		if (explain_undeclared(said, err) || explain_types(said, err))
			return;
		if (strstr(said, "unable to create target") ||
		    strstr(said, "unknown target triple"))
			err_hint(err, "this clang cannot make BPF code; apt install clang");
		else if (strstr(said, "user_pt_regs") || strstr(said, "struct pt_regs"))
			err_hint(err,
				 "the registers are those of %s: the vmlinux.h must be too "
				 "(--vmlinux FILE names the BTF of such a kernel)",
				 o->platform->name);
		else if (strstr(said, "error: redefinition of") && strstr(said, "/vmlinux.h:"))
			err_hint(err, "the kernel has a type of that name in vmlinux.h: call yours "
				      "otherwise");
	} else if (has_prefix(header, "bpf/")) {
		err_hint(err, "libbpf's headers are missing: apt install libbpf-dev");
	} else if (streq(header, "vmlinux.h")) {
		err_hint(err, "vmlinux.h could not be made: %s%s%s", vmlinux_err->msg,
			 vmlinux_err->hint[0] ? "; " : "", vmlinux_err->hint);
	} else if (has_prefix(header, "bombus/") || streq(header, "solo_types.h")) {
		err_hint(err, "the headers of bombus are not found; BOMBUS_INCLUDE "
			      "names their folder");
	} else if (has_prefix(header, "asm/") || has_prefix(header, "linux/")) {
		err_hint(err, "include \"vmlinux.h\" instead of the kernel's headers, or apt "
			      "install linux-libc-dev");
	} else {
		err_hint(err, "--cflags '-I FOLDER' adds a folder to look in");
	}
}
