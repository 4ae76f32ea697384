// SPDX-License-Identifier: Apache-2.0
/* The words of --attach. */
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"

static int target_option(struct target *target, const char *option, struct err *err)
{
	uint64_t number;

	if (has_prefix(option, "pid=")) {
		if (parse_u64(option + 4, &number) || number == 0 || number > INT32_MAX)
			return err_usage(err, "'%s' is not a process id", option + 4);
		target->pid = (int64_t)number;
		return 0;
	}
	if (has_prefix(option, "files=")) {
		if (parse_u64(option + 6, &number) || number == 0 || number > INT32_MAX)
			return err_usage(err, "'%s' is not a process id", option + 6);
		if (target->nfiles == TARGET_FILES_MAX)
			return err_usage(err, "more than %d files=", TARGET_FILES_MAX);
		target->files[target->nfiles++] = (int64_t)number;
		return 0;
	}
	if (has_prefix(option, "period=")) {
		if (parse_u64(option + 7, &target->period) || target->period == 0)
			return err_usage(err, "'%s' is not a period", option + 7);
		return 0;
	}
	return -ENOENT;
}

int target_parse(const char *word, struct target *ret, struct err *err)
{
	_cleanup_free_ char *head = xstrdup(word);
	struct target target = { .pid = -1, .none = streq(word, "none") };

	/* Options are taken from the end, so that a path may have a comma in it. */
	while (true) {
		char *comma = strrchr(head, ',');
		char *option = comma ? comma + 1 : head;
		int rc;

		rc = target_option(&target, option, err);
		if (rc == -ENOENT)
			break;
		if (rc < 0)
			return rc;
		*(comma ? comma : head) = '\0';
		if (!comma)
			break;
	}
	target.head = steal_ptr(&head);
	*ret = target;
	return 0;
}

void target_release(struct target *target)
{
	free(target->head);
	target->head = NULL;
}

int target_usage(const struct prog_plan *plan, const struct hook_type *type, const char *what,
		 struct err *err)
{
	if (type->form)
		err_hint(err, "--attach %s=%s", plan->name, type->form);
	return err_usage(err, "program '%s' (%s): %s", plan->name, plan->section, what);
}
