// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <dirent.h>

#include "base/arena.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/kernel/symbols.h"
#include "runner/load/kernel/mounts.h"

#define MAX_KALLSYMS (128u << 20)
#define MAX_EVENTS 16384

/* Every tracepoint has a function of this name and its own behind it. */
static const char TRACE_PREFIX[] = "__traceiter_";

struct symbol_walk {
	char *next;
	const char *prefix;
};

/* "ffffffff81000000 T name\t[module]": takes the text line by line, ending names with NUL. */
static const char *next_symbol(void *ctx)
{
	struct symbol_walk *walk = ctx;

	while (walk->next && *walk->next) {
		char *line = walk->next, *eol = strchr(line, '\n'), *type, *name;

		walk->next = eol ? eol + 1 : NULL;
		if (eol)
			*eol = '\0';
		type = strchr(line, ' ');
		if (!type || !strchr("tTwW", type[1]) || type[2] != ' ')
			continue;
		name = type + 3;
		name[strcspn(name, "\t ")] = '\0';
		if (has_prefix(name, walk->prefix))
			return name + strlen(walk->prefix);
	}
	return NULL;
}

static char *nearest_symbol(const char *name, const char *prefix)
{
	_cleanup_free_ void *text = NULL;
	struct symbol_walk walk = { .prefix = prefix };
	const char *near;
	size_t len;

	if (read_file("/proc/kallsyms", MAX_KALLSYMS, &text, &len, NULL) < 0)
		return NULL;
	walk.next = text;
	near = suggest(name, next_symbol, &walk);
	return near ? xstrdup(near) : NULL;
}

char *nearest_function(const char *name)
{
	return nearest_symbol(name, "");
}

char *nearest_raw_tracepoint(const char *name)
{
	return nearest_symbol(name, TRACE_PREFIX);
}

bool function_exists(const char *name)
{
	_cleanup_free_ void *text = NULL;
	struct symbol_walk walk = { .prefix = "" };
	const char *symbol;
	size_t len;

	if (read_file("/proc/kallsyms", MAX_KALLSYMS, &text, &len, NULL) < 0 || len == 0)
		return true;
	walk.next = text;
	while ((symbol = next_symbol(&walk)))
		if (streq(symbol, name))
			return true;
	return false;
}

/* "ffffffff81000000 T name\t[module]" */
static void take_address(char *line, const char *const *names, size_t count, uint64_t *ret,
			 bool *found)
{
	char *rest, *name;
	uint64_t addr = strtoull(line, &rest, 16);

	if (rest[0] != ' ' || !rest[1] || rest[2] != ' ')
		return;
	name = rest + 3;
	name[strcspn(name, "\t ")] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!streq(names[i], name))
			continue;
		ret[i] = addr;
		found[i] = true;
	}
}

int symbol_addresses(const char *const *names, size_t count, uint64_t *ret)
{
	_cleanup_free_ bool *found = xcalloc(count + 1, sizeof(*found));
	_cleanup_free_ void *text = NULL;
	char *save = NULL;
	size_t len;

	memset(ret, 0, count * sizeof(*ret));
	if (read_file("/proc/kallsyms", MAX_KALLSYMS, &text, &len, NULL) < 0 || len == 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_address(line, names, count, ret, found);
	for (size_t i = 0; i < count; i++)
		if (!found[i])
			return (int)i;
	return -1;
}

char *syscall_function(const char *name)
{
	static const char *const prefixes[] = { "__x64_", "__arm64_", "__riscv_", "__s390x_",
						"__se_" };

	if (!has_prefix(name, "sys_") || function_exists(name))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		_cleanup_free_ char *full = xasprintf("%s%s", prefixes[i], name);

		if (function_exists(full))
			return steal_ptr(&full);
	}
	return NULL;
}

/* ---- tracefs ---- */

struct event_walk {
	struct arena arena;
	const char *root;
	DIR *categories, *events;
	const char *category;
	size_t count;
};

static DIR *open_events(struct event_walk *walk, const char *category)
{
	_cleanup_free_ char *path = xasprintf("%s/events/%s", walk->root, category);

	return opendir(path);
}

static const char *next_event(void *ctx)
{
	struct event_walk *walk = ctx;
	struct dirent *entry;

	while (walk->count < MAX_EVENTS) {
		entry = walk->events ? readdir(walk->events) : NULL;
		if (entry && entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			walk->count++;
			return arena_printf(&walk->arena, "%s/%s", walk->category, entry->d_name);
		}
		if (entry)
			continue;
		if (walk->events)
			closedir(walk->events);
		walk->events = NULL;
		entry = walk->categories ? readdir(walk->categories) : NULL;
		if (!entry)
			return NULL;
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		walk->category = arena_strdup(&walk->arena, entry->d_name);
		walk->events = open_events(walk, entry->d_name);
	}
	return NULL;
}

static const char *base_name(const char *name)
{
	const char *slash = strpbrk(name, "/:");

	return slash ? slash + 1 : name;
}

/* The right name under the wrong category is worth more than a near one. */
static const char *same_event(struct event_walk *walk, const char *name)
{
	const char *event;

	while ((event = next_event(walk)))
		if (streq(base_name(event), base_name(name)))
			return event;
	return NULL;
}

static void event_walk_release(struct event_walk *walk)
{
	if (walk->categories)
		closedir(walk->categories);
	if (walk->events)
		closedir(walk->events);
	arena_release(&walk->arena);
}

char *nearest_tracepoint(const char *name)
{
	_cleanup_(event_walk_release) struct event_walk walk = { .root = tracefs_path() };
	_cleanup_free_ char *path = NULL;
	const char *near;

	if (!walk.root)
		return NULL;
	path = xasprintf("%s/events", walk.root);
	walk.categories = opendir(path);
	near = same_event(&walk, name);
	if (!near && walk.categories) {
		rewinddir(walk.categories);
		walk.count = 0;
		near = suggest(name, next_event, &walk);
	}
	return near ? xstrdup(near) : NULL;
}
