// SPDX-License-Identifier: Apache-2.0
/* Tracepoints, and system calls by the tracepoints at their beginning. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "runner/load/hooks/hooks_internal.h"
#include "runner/load/kernel/mounts.h"

#define MAX_FORMAT_BYTES (1u << 20)
#define ENTER "syscalls/sys_enter_"

/* "const char * filename" and the like: the last word is the name, with an array behind it. */
static void split(struct arena *arena, const char *text, size_t len, struct hook_arg *ret)
{
	size_t name, end = len, array;

	while (end && text[end - 1] == ' ')
		end--;
	for (array = 0; array < end && text[array] != '['; array++)
		;
	/* "__data_loc char[] filename" has its array before the name. */
	if (array == end || memchr(text + array, ' ', end - array))
		array = end;
	for (name = array; name && text[name - 1] != ' ' && text[name - 1] != '*'; name--)
		;
	len = name;
	while (len && text[len - 1] == ' ')
		len--;
	ret->name = arena_printf(arena, "%.*s", (int)(array - name), text + name);
	ret->type =
		arena_printf(arena, "%.*s%.*s", (int)len, text, (int)(end - array), text + array);
	ret->decl = arena_printf(arena, "%.*s%s%.*s", (int)len, text,
				 len && text[len - 1] == '*' ? "" : " ", (int)(end - name),
				 text + name);
}

static uint64_t number_behind(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

static uint8_t kind_of(const struct hook_arg *arg, bool of_syscall)
{
	bool pointer = strchr(arg->type, '*') != NULL;

	if (has_prefix(arg->type, "__data_loc"))
		return strstr(arg->type, "char") ? HOOK_ARG_LOC_TEXT : HOOK_ARG_OTHER;
	if (strchr(arg->type, '['))
		return has_prefix(arg->type, "char[") ? HOOK_ARG_TEXT : HOOK_ARG_OTHER;
	if (pointer && of_syscall)
		return streq(arg->type, "const char *") ? HOOK_ARG_USER_TEXT : HOOK_ARG_USER;
	if (pointer)
		return HOOK_ARG_POINTER;
	return has_prefix(arg->type, "struct ") || arg->bytes > 8 ? HOOK_ARG_OTHER
								  : HOOK_ARG_NUMBER;
}

/* "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;" */
static bool read_field(struct arena *arena, const char *line, bool of_syscall, struct hook_arg *ret)
{
	const char *text = strstr(line, "field:"), *end = text ? strchr(text, ';') : NULL;

	if (!end)
		return false;
	text += strlen("field:");
	*ret = (struct hook_arg){ .bytes = (uint32_t)number_behind(end, "size:"),
				  .is_signed = number_behind(end, "signed:") != 0,
				  .off_bytes = (uint32_t)number_behind(end, "offset:") };
	split(arena, text, (size_t)(end - text), ret);
	ret->kind = kind_of(ret, of_syscall);
	return !has_prefix(ret->name, "common_") && !streq(ret->name, "__syscall_nr");
}

static size_t read_format(struct arena *arena, const char *root, const char *event,
			  struct hook_arg *args)
{
	_cleanup_free_ char *path = xasprintf("%s/events/%s/format", root, event);
	_cleanup_free_ void *text = NULL;
	bool of_syscall = has_prefix(event, ENTER);
	size_t len, count = 0;
	char *rest = NULL;

	if (read_file(path, MAX_FORMAT_BYTES, &text, &len, NULL) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (has_prefix(line, "print fmt:"))
			break;
		if (count < HOOK_ARGS_MAX && read_field(arena, line, of_syscall, &args[count]))
			count++;
	}
	return count;
}

static int give(const struct hooks_walk *walk, const char *root, const char *event,
		const char *section)
{
	_cleanup_(arena_release) struct arena arena = { 0 };
	struct hook_arg args[HOOK_ARGS_MAX];
	struct hook_info info = { .section = section, .args = args };

	if (!hooks_matches(walk, section))
		return 0;
	info.nargs = read_format(&arena, root, event, args);
	return walk->found(walk->ctx, &info);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_event(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int each_event(const struct hooks_walk *walk, const char *root, const char *category,
		      bool syscalls)
{
	_cleanup_free_ char *path = xasprintf("%s/events/%s", root, category);
	struct dirent **list = NULL;
	int count = scandir(path, &list, is_event, by_name), ret = 0;

	for (int i = 0; i < count; i++) {
		_cleanup_free_ char *event = xasprintf("%s/%s", category, list[i]->d_name);
		_cleanup_free_ char *section =
			syscalls ? xasprintf("ksyscall/%s",
					     event + MIN(strlen(event), strlen(ENTER)))
				 : xasprintf("tracepoint/%s", event);

		if (ret == 0 && (!syscalls || has_prefix(event, ENTER)))
			ret = give(walk, root, event, section);
		free(list[i]);
	}
	free(list);
	return ret;
}

static int each_category(const struct hooks_walk *walk, const char *root)
{
	_cleanup_free_ char *path = xasprintf("%s/events", root);
	struct dirent **list = NULL;
	int count = scandir(path, &list, is_event, by_name), ret = 0;

	for (int i = 0; i < count; i++) {
		if (ret == 0)
			ret = each_event(walk, root, list[i]->d_name, false);
		free(list[i]);
	}
	free(list);
	return ret;
}

int hooks_of_tracefs(const struct hooks_walk *walk)
{
	const char *root = tracefs_path();
	int ret = 0;

	if (root && hooks_wants_kind(walk, "tracepoint"))
		ret = each_category(walk, root);
	if (root && ret == 0 && hooks_wants_kind(walk, "ksyscall"))
		ret = each_event(walk, root, "syscalls", true);
	return ret;
}
