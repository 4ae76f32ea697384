// SPDX-License-Identifier: Apache-2.0
/* Would this program work here? Judged by what the kernel has, without loading it. */
#include <errno.h>

#include "base/util.h"
#include "runner/load/attach/attach.h"
#include "runner/load/kernel/explain.h"
#include "runner/load/plan/hook.h"
#include "runner/load/kernel/symbols.h"

/* Takes `near` over. */
static void append_near(char *near, char *text, size_t size)
{
	size_t len = strlen(text);

	if (near)
		snprintf(text + len, size - len, " (near: %s)", near);
	free(near);
}

static bool expect_function(const char *target, char *text, size_t size)
{
	size_t len = strcspn(target, "+");
	_cleanup_free_ char *name = xstrndup(target, len);
	char *near;

	if (!*name || function_exists(name)) {
		snprintf(text, size, "%s%s", name, *name ? "() is there" : "");
		return true;
	}
	snprintf(text, size, "this kernel has no function '%s'", name);
	near = syscall_function(name);
	append_near(near ? near : nearest_function(name), text, size);
	return false;
}

/* Raw tracepoints have a function of their own in the kernel. */
static bool expect_raw_tracepoint(const char *target, char *text, size_t size)
{
	_cleanup_free_ char *symbol = xasprintf("__traceiter_%s", target), *near = NULL;

	if (function_exists(symbol)) {
		snprintf(text, size, "%s is there", target);
		return true;
	}
	near = nearest_raw_tracepoint(target);
	if (near && streq(near, target)) /* listed under a suffix */
		return true;
	snprintf(text, size, "this kernel has no tracepoint '%s'", target);
	append_near(steal_ptr(&near), text, size);
	return false;
}

static bool expect_hook(const struct prog_plan *prog, const struct hook_type *type,
			const char *target, char *text, size_t size)
{
	struct word_list given = { &target, 1 };

	switch (type->hook) {
	case HOOK_TRACEPOINT:
		if (!attach_possible(prog, &given, text, size)) {
			append_near(nearest_tracepoint(target), text, size);
			return false;
		}
		snprintf(text, size, "%s is there", target);
		return true;
	case HOOK_RAW_TP:
	case HOOK_TP_BTF:
		return expect_raw_tracepoint(target, text, size);
	case HOOK_FENTRY:
	case HOOK_KPROBE:
		return expect_function(target, text, size);
	case HOOK_UPROBE:
	case HOOK_USDT: {
		_cleanup_free_ char *path = xstrndup(target, strcspn(target, ":"));

		if (path[0] != '/' || may_access(path, F_OK) == 0 || errno == EACCES)
			return true;
		snprintf(text, size, "there is no file %s", path);
		return false;
	}
	default:
		return true;
	}
}

bool explain_expect(const struct prog_plan *prog, char *text, size_t size)
{
	const char *target;
	const struct hook_type *type = hook_of(prog->section, &target);
	struct feature feature;

	if (size)
		text[0] = '\0';
	if (type->hook == HOOK_UNKNOWN || type->hook == HOOK_FOREIGN) {
		snprintf(text, size,
			 type->hook == HOOK_UNKNOWN ? "its section names no kind of program"
			 : has_prefix(prog->section, "struct_ops")
				 ? "struct_ops is not supported"
				 : "this program type cannot be attached by bombus");
		return false;
	}
	if (type->feature && feature_get(type->feature, &feature) && !feature.ok) {
		snprintf(text, size, "%s: %s", type->feature, feature.reason);
		return false;
	}
	if (prog->load_only) {
		snprintf(text, size, "a map calls it: it is loaded and not attached");
		return true;
	}
	if (prog->needs_target && hook_needs_target(type, target)) {
		snprintf(text, size, "wants --attach %s=%s", prog->name, type->form);
		return true;
	}
	if (prog->target && *prog->target)
		target = prog->target; /* --attach may have given one */
	return expect_hook(prog, type, target, text, size);
}
