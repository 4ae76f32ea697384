// SPDX-License-Identifier: Apache-2.0
/*
 * Why the kernel refuses. An errno says little, and the same one stands for many reasons; so each
 * question ("has it kprobes at all?", "is a capability missing?") is put to the machine, from the
 * most certain cause to the vaguest.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/kernel/bpflog.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/kernel/machine.h"
#include "runner/load/kernel/mounts.h"
#include "runner/load/plan/hook.h"
#include "runner/load/kernel/symbols.h"
#include "runner/load/kernel/verifier.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* libbpf has error codes of its own from 4000 on, and the kernel one that C libraries do not name.
 */
#define LIBBPF_CODES 4000
#define KERNEL_ENOTSUPP 524
/* Descriptors that libbpf needs to probe the kernel, and an object at least. */
#define SPARE_FILES 16

static int say_code(struct err *err, int code, const char *fmt, ...)
{
	char what[256], text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (code == -KERNEL_ENOTSUPP)
		return err_set(err, EOPNOTSUPP, "%s: this kernel does not support it (ENOTSUPP)",
			       what);
	if (code > -LIBBPF_CODES)
		return err_sys(err, -code, "%s", what);
	libbpf_strerror(code, text, sizeof(text));
	return err_set(err, EINVAL, "%s: %s", what, text);
}

static void hint_caps(const char *missing, struct err *err)
{
	if (in_user_namespace())
		err_hint(err, "this is a user namespace, where root is not the machine's: run it "
			      "outside, as root");
	else
		err_hint(err, "run it as root, or give the program %s", missing);
}

static const char *target_of(const struct prog_plan *prog)
{
	const char *target;

	hook_of(prog->section, &target);
	return prog->target && *prog->target ? prog->target : target;
}

static const struct hook_type *type_of(const struct prog_plan *prog)
{
	const char *target;

	return hook_of(prog->section, &target);
}

static int too_many_files(struct err *err)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	err_hint(err, "ulimit -n 1024 allows more");
	return err_set(err, EMFILE,
		       "each map, program and hook is an open file, and this process may have %llu",
		       (unsigned long long)limit.rlim_cur);
}

/* ---- permission ---- */

static int no_permission(const struct prog_plan *prog, int code, const char *verb, struct err *err)
{
	const struct hook_type *type = type_of(prog);
	const char *lockdown = kernel_lockdown();
	struct rlimit limit;
	char missing[CAPS_TEXT_MAX];

	caps_text(caps_refused(type->hook), missing, sizeof(missing));
	if (*missing) {
		hint_caps(missing, err);
		return err_set(err, -code, "needs %s", missing);
	}
	if (lockdown && streq(lockdown, "confidentiality")) {
		err_hint(err, "the kernel was started with lockdown=confidentiality, or Secure "
			      "Boot asks for it");
		return err_set(err, -code,
			       "kernel lockdown (confidentiality) forbids programs that "
			       "read kernel memory");
	}
	if (kernel_before(5, 11) && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY) {
		err_hint(err, "ulimit -l unlimited");
		return err_set(err, -code, "the limit of locked memory (%llu bytes) is too small",
			       (unsigned long long)limit.rlim_cur);
	}
	err_hint(err, "'bombus check' lists what this machine allows; tracepoint, raw_tp and "
		      "tp_btf programs may be");
	return err_set(err, -code,
		       "a security module of this machine forbids %s %s programs (EPERM, though "
		       "no capability is missing)",
		       verb, type->section);
}

/* ---- hooks that are not there ---- */

static int no_btf_hook(const struct prog_plan *prog, int code, struct err *err)
{
	uint8_t hook = type_of(prog)->hook;
	const char *what = hook == HOOK_TP_BTF ? "tracepoint"
			   : hook == HOOK_LSM  ? "LSM hook"
			   : hook == HOOK_ITER ? "iterator"
					       : "hook";

	if (may_access(VMLINUX_BTF, R_OK) < 0) {
		err_hint(err, "a kernel with CONFIG_DEBUG_INFO_BTF=y has it");
		return err_set(err, -code, "this kernel has no BTF (%s)", VMLINUX_BTF);
	}
	if (hook == HOOK_FENTRY)
		return err_set(err, -code, "the kernel's BTF has no function '%s'",
			       target_of(prog));
	return err_set(err, -code, "this kernel has no %s '%s'", what, target_of(prog));
}

static int no_tracepoint(const struct prog_plan *prog, int code, struct err *err)
{
	if (!tracefs_path() && errno == EACCES) {
		err_hint(err, "root may, and so may CAP_DAC_READ_SEARCH");
		return err_set(err, -code, "this user may not look into tracefs");
	}
	if (!tracefs_path()) {
		err_hint(err, "mount -t tracefs tracefs /sys/kernel/tracing");
		return err_set(err, -code, "tracefs is not mounted");
	}
	return err_set(err, -code, "this kernel has no tracepoint '%s'", target_of(prog));
}

static int no_kprobe(const struct prog_plan *prog, int code, struct err *err)
{
	struct feature feature;

	if (feature_get("kprobe", &feature) && !feature.ok) {
		err_hint(err, "a tracepoint, raw_tp or tp_btf program may tell the same");
		return err_set(err, -code, "%s", feature.reason);
	}
	if (type_of(prog)->hook == HOOK_KPROBE_MULTI && code == -EOPNOTSUPP) {
		err_hint(err, "kprobe programs, one for each function, work here");
		return err_set(err, -code,
			       "this kernel has no kprobe.multi (it was built without "
			       "CONFIG_FPROBE, or is before 5.18)");
	}
	if (code == -ENOENT || code == -ESRCH)
		return err_set(err, -code, "this kernel has no function '%s'", target_of(prog));
	return err_set(err, -code, "'%s' cannot be probed (inlined, or closed to probes)",
		       target_of(prog));
}

/* The kind of a file that is no program or library. NULL: it is one, or it cannot be read. */
static const char *not_elf(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4] = "";

	if (fd < 0 || read(fd, magic, sizeof(magic)) < 0 || !memcmp(magic, "\177ELF", 4))
		return NULL;
	return magic[0] == '#' && magic[1] == '!' ? "a script; its interpreter has the functions"
						  : "no ELF program or library";
}

/* Where libbpf looks for a program that is named without a '/': in PATH. */
static char *in_path(const char *name)
{
	const char *dirs = getenv("PATH");
	size_t len;

	for (; *name && !strchr(name, '/') && dirs && *dirs; dirs += len + (dirs[len] == ':')) {
		_cleanup_free_ char *path = NULL;

		len = strcspn(dirs, ":");
		path = xasprintf("%.*s/%s", (int)len, dirs, name);
		if (may_access(path, X_OK) == 0)
			return steal_ptr(&path);
	}
	return xstrdup(name);
}

/* The function or probe: --attach may name the file only, and the section the rest. */
static const char *probe_name(const struct prog_plan *prog, const char *target)
{
	const char *section;

	if (strchr(target, ':'))
		return strchr(target, ':') + 1;
	hook_of(prog->section, &section);
	return strchr(section, ':') ? strchr(section, ':') + 1 : target;
}

/* The file: in the section where --attach, or a filter by process, names processes alone. */
static const char *probe_file(const struct prog_plan *prog, const char *target)
{
	const char *section;

	if (!has_prefix(target, "pid=") && !has_prefix(target, "files="))
		return target;
	hook_of(prog->section, &section);
	return section;
}

static int no_user_probe(const struct prog_plan *prog, int code, struct err *err)
{
	const char *target = target_of(prog), *file = probe_file(prog, target);
	_cleanup_free_ char *path = xstrndup(file, strcspn(file, ":,")), *found = in_path(path);
	struct feature feature;

	if (feature_get("uprobe", &feature) && !feature.ok)
		return err_set(err, -code, "%s", feature.reason);
	err_exit(err, EXIT_USAGE);
	if (strchr(path, '/') && may_access(path, F_OK) < 0)
		return errno == EACCES ? err_set(err, -code, "this user may not look for %s", path)
				       : err_set(err, -code, "there is no file %s", path);
	if (strchr(found, '/') && not_elf(found))
		return err_set(err, -code, "%s is %s", found, not_elf(found));
	if (*path && !strchr(path, '/') && code == -ENOENT && file != target) {
		err_hint(err,
			 "CAP_SYS_PTRACE is needed to see the files of other users' processes");
		return err_set(err, -code,
			       "the process has no library '%s' with '%s', or this user may not "
			       "see its files",
			       path, probe_name(prog, target));
	}
	if (*path && !strchr(path, '/') && code == -ENOENT) {
		err_hint(err, "a path with a '/' is taken as it is");
		return err_set(err, -code,
			       "there is no library or program '%s' where this machine keeps them, "
			       "or it has no '%s'",
			       path, probe_name(prog, target));
	}
	if (code == -ESRCH && strstr(target, "pid="))
		return err_set(err, -code, "there is no process %s", strstr(target, "pid=") + 4);
	if (code == -ENOENT || code == -ESRCH)
		return err_set(err, -code, "%s has no %s '%s'", *path ? path : "the binary",
			       type_of(prog)->hook == HOOK_USDT ? "USDT probe" : "function",
			       probe_name(prog, target));
	return say_code(err, code, "%s", target);
}

/* ---- loading ---- */

/* Under lockdown=confidentiality the helpers that read kernel memory are as if they were not there.
 */
static int no_call(int code, const char *line, struct err *err)
{
	const char *lockdown = kernel_lockdown();

	if (lockdown && streq(lockdown, "confidentiality") &&
	    (strstr(line, "probe_read") || !strstr(line, "()"))) {
		err_hint(err, "the kernel was started with lockdown=confidentiality, or Secure "
			      "Boot asks for it");
		return err_set(
			err, -code,
			"kernel lockdown (confidentiality) forbids programs that read kernel "
			"memory: %s",
			line);
	}
	return err_set(err, -code, "%s", line);
}

/* libbpf leaves maps out if its probes of the kernel fail for want of descriptors. */
static bool lacks_files(const char *log)
{
	struct rlimit limit = { 0 };
	DIR *dir =
		strstr(log, "is referenced but wasn't created") ? opendir("/proc/self/fd") : NULL;
	size_t open = 0;

	if (!dir)
		return false;
	while (readdir(dir))
		open++;
	closedir(dir);
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < open + SPARE_FILES;
}

static int load_cause(const struct prog_plan *prog, int code, const char *log, const char *btf,
		      struct err *err)
{
	uint8_t hook = type_of(prog)->hook;
	const char *advice;
	char line[512];

	if (verifier_core_failure(log, line, sizeof(line))) {
		err_hint(err, "%s",
			 btf ? "is it the BTF of this very kernel?"
			     : "the program asks for a field that this kernel does not have; "
			       "bpf_core_field_exists() asks first");
		return btf ? err_set(err, -code, "%s (--btf) has no %s", btf, line)
			   : err_set(err, -code, "this kernel has no %s", line);
	}
	if (verifier_unknown_call(log, line, sizeof(line)))
		return no_call(code, line, err);
	if (code == -EMFILE || lacks_files(log))
		return too_many_files(err);
	if ((code == -EPERM || code == -EACCES) && !verifier_verdict(log, line, sizeof(line)))
		return no_permission(prog, code, "loading", err);
	if (code == -ESRCH || code == -ENOENT)
		return no_btf_hook(prog, code, err);
	if (verifier_verdict(log, line, sizeof(line))) {
		advice = verifier_advice(line);
		if (advice)
			err_hint(err, "%s", advice);
		return err_set(err, -code, "the verifier rejects it: %s", line);
	}
	if (code == -EINVAL && hook == HOOK_UNKNOWN)
		return err_set(err, -code, "section \"%s\" names no kind of program",
			       prog->section);
	if (code == -EINVAL)
		return err_set(err, -code,
			       "this kernel does not know %s programs, or not all "
			       "that this one uses",
			       type_of(prog)->section);
	return say_code(err, code, "the kernel refuses it");
}

static void wrap(const struct prog_plan *prog, struct err *err)
{
	err_exit(err, EXIT_KERNEL);
	err_wrap(err, "program '%s' (%s)", prog->name, prog->section);
}

int explain_load(const struct prog_plan *prog, int code, const char *verifier_log, const char *btf,
		 struct err *err)
{
	char tail[4096];

	if (!verifier_log)
		verifier_log = "";
	load_cause(prog, code, verifier_log, btf, err);
	verifier_tail(verifier_log, tail, sizeof(tail));
	if (*tail)
		err_detail(err, tail);
	wrap(prog, err);
	return code;
}

/* ---- attaching ---- */

static int attach_cause(const struct prog_plan *prog, int code, struct err *err)
{
	if (code == -EMFILE)
		return too_many_files(err);
	switch (type_of(prog)->hook) {
	case HOOK_TRACEPOINT:
		if (code == -ENOENT || !tracefs_path())
			return no_tracepoint(prog, code, err);
		break;
	case HOOK_RAW_TP:
		if (code == -ENOENT)
			return err_set(err, -code, "this kernel has no tracepoint '%s'",
				       target_of(prog));
		break;
	case HOOK_KPROBE:
	case HOOK_KSYSCALL:
	case HOOK_KPROBE_MULTI:
		if (code != -EPERM && code != -EACCES)
			return no_kprobe(prog, code, err);
		break;
	case HOOK_UPROBE:
	case HOOK_USDT:
		if (code != -EPERM && code != -EACCES)
			return no_user_probe(prog, code, err);
		break;
	case HOOK_XDP:
		if (code == -EOPNOTSUPP) {
			err_hint(err, "--attach %s=%s:generic", prog->name, target_of(prog));
			return err_set(err, -code, "the driver of '%s' cannot run XDP programs",
				       target_of(prog));
		}
		break;
	case HOOK_TC:
		if (code == -ENOENT)
			return err_set(err, -code,
				       "this kernel has no clsact (the modules sch_ingress "
				       "and cls_bpf)");
		break;
	default:
		break;
	}
	if (code == -EPERM || code == -EACCES)
		return no_permission(prog, code, "attaching", err);
	return say_code(err, code, "the kernel does not attach it%s%s",
			*target_of(prog) ? " to " : "", target_of(prog));
}

int explain_attach(const struct prog_plan *prog, int code, struct err *err)
{
	attach_cause(prog, code, err);
	wrap(prog, err);
	return code;
}

void explain_nearest(const struct prog_plan *prog, int code, struct err *err)
{
	const char *target = target_of(prog);
	_cleanup_free_ char *near = NULL;

	if ((code != -ENOENT && code != -ESRCH && code != -EINVAL) || !err || *err->hint)
		return;
	switch (type_of(prog)->hook) {
	case HOOK_TRACEPOINT:
		near = nearest_tracepoint(target);
		break;
	case HOOK_RAW_TP:
	case HOOK_TP_BTF:
		near = nearest_raw_tracepoint(target);
		break;
	case HOOK_KPROBE:
		near = syscall_function(target);
		if (near) {
			err_hint(err,
				 "the kernel calls it '%s' on this machine; SEC(\"ksyscall/%s\") "
				 "finds it on all",
				 near, target + strlen("sys_"));
			return;
		}
		/* fall through */
	case HOOK_FENTRY:
		near = nearest_function(target);
		break;
	default:
		break;
	}
	if (near && !streq(near, target))
		err_hint(err, "did you mean '%s'?", near);
	else if (near && code != -EINVAL && type_of(prog)->hook == HOOK_FENTRY)
		err_hint(err, "the kernel has it, but its BTF has not: a kprobe program may attach "
			      "to it");
}

/* ---- the object as a whole ---- */

/* The last line of libbpf's warnings without its own name in front. */
static void last_warning(const struct bpflog *log, char *line, size_t size)
{
	const char *text = log->warnings, *end = text + strlen(text);

	/* The last line only says that loading failed; the line before it is the reason. */
	end = strstr(text, "libbpf: failed to load object") ?: end;
	while (end > text && end[-1] == '\n')
		end--;
	for (const char *p = text; p < end; p++)
		if (*p == '\n')
			text = p + 1;
	if (has_prefix(text, "libbpf: "))
		text += 8;
	snprintf(line, size, "%.*s", (int)(end > text ? end - text : 0), text);
}

/* A line of the log that has the word, from the word on. */
static bool warning_with(const struct bpflog *log, const char *word, char *line, size_t size)
{
	const char *at = strstr(log->warnings, word);

	if (at)
		snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
	return at != NULL;
}

static bool called_by_compiler(const char *line)
{
	static const char *const names[] = { "'memcmp'",  "'memcpy'", "'memset'",
					     "'memmove'", "'bcmp'",   "'strlen'" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strstr(line, names[i]))
			return true;
	return false;
}

/* `line`: "extern 'name'", and libbpf's reason behind it. */
static int no_extern(int code, const char *line, struct err *err)
{
	const char *open = strchr(line, '\''), *end = open ? strchr(open + 1, '\'') : NULL;

	if (called_by_compiler(line)) {
		err_hint(err, "a loop over single members, bpf_strncmp(), or __builtin_memcmp(), "
			      "__builtin_memcpy() and __builtin_memset() of a small constant size "
			      "stay in the program");
		return err_set(err, -code,
			       "%.*s: the compiler made a call of the C library's function, since "
			       "the length is not constant or too large, and a BPF program does "
			       "not have it",
			       end ? (int)(end + 1 - line) : (int)strlen(line), line);
	}
	err_hint(err, "the program asks for a function, variable or option that this kernel does "
		      "not have; __weak makes it optional");
	return err_set(err, -code, "%s", line);
}

int explain_open(int code, const struct bpflog *log, struct err *err)
{
	char line[256];

	err_detail(err, log->warnings);
	if (warning_with(log, "extern ", line, sizeof(line)) && called_by_compiler(line))
		return no_extern(code, line, err);
	last_warning(log, line, sizeof(line));
	if (*line)
		return err_set(err, -code, "not a BPF object that can be loaded: %s", line);
	return say_code(err, code, "not a BPF object that can be loaded");
}

int explain_object(int code, const struct bpflog *log, struct err *err)
{
	char line[512], missing[CAPS_TEXT_MAX];

	err_exit(err, EXIT_KERNEL);
	caps_text(caps_refused(HOOK_NONE), missing, sizeof(missing));
	if ((code == -EPERM || code == -EACCES) && *missing) {
		hint_caps(missing, err);
		return err_set(err, -code, "needs %s", missing);
	}
	err_detail(err, log->warnings);
	if (warning_with(log, "parameter mismatch", line, sizeof(line)) && *log->map) {
		err_hint(err, "remove the pinned map, or pin to another folder");
		return err_set(err, -code, "map '%s': what is pinned there has another shape",
			       log->map);
	}
	if (warning_with(log, "extern ", line, sizeof(line)))
		return no_extern(code, line, err);
	if (warning_with(log, "failed to find valid kernel BTF", line, sizeof(line))) {
		err_hint(err, "a kernel with CONFIG_DEBUG_INFO_BTF=y has it");
		return err_set(err, -code, "this kernel has no BTF, and the program needs it");
	}
	if (*log->map && code == -EINVAL)
		return err_set(err, -code,
			       "map '%s': this kernel does not take a map of this type "
			       "and size",
			       log->map);
	if (code == -EMFILE)
		return too_many_files(err);
	if (code == -ENOMEM && *log->map)
		err_hint(err,
			 "--ring %s=SIZE or --max-entries %s=N makes it smaller; the memory "
			 "limit of this cgroup counts as well",
			 log->map, log->map);
	if (*log->map)
		return say_code(err, code, "map '%s' cannot be made", log->map);
	last_warning(log, line, sizeof(line));
	return *line ? err_set(err, -code, "the kernel refuses it: %s", line)
		     : say_code(err, code, "the kernel refuses it");
}
