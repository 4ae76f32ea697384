// SPDX-License-Identifier: Apache-2.0
/*
 * The kind of a value's members without a tag. Not every number of a counter map counts up: the
 * name shows members that hold a state ("max_ns", "last") and members that identify something
 * ("pid", "dev_id"). One member of a union is enough, since all members are the same bytes.
 */
#include <string.h>

#include "base/util.h"
#include "runner/read/series/metric_plan.h"

/* The word is the name, or its first or last part: "max", "max_ns", "lat_max". */
static bool has_word(const char *name, const char *word)
{
	size_t len = strlen(word), all = strlen(name);

	if (all < len)
		return false;
	if (strncasecmp(name, word, len) == 0 && (name[len] == '\0' || name[len] == '_'))
		return true;
	return all > len && name[all - len - 1] == '_' && strcasecmp(name + all - len, word) == 0;
}

static bool has_any_word(const char *name, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_word(name, words[i]))
			return true;
	return false;
}

static bool is_state(const char *name)
{
	static const char *const words[] = { "max",	"min",	   "last",  "first", "latest",
					     "current", "cur",	   "peak",  "avg",   "average",
					     "mean",	"highest", "lowest" };

	return has_any_word(name, words, ARRAY_LEN(words));
}

static bool is_id(const struct field *field)
{
	static const char *const words[] = { "id",  "pid",   "tid",	"tgid", "ppid", "uid",
					     "gid", "cpu",   "ifindex", "port", "fd",	"inode",
					     "dev", "netns", "mntns",	"flags" };
	static const char *const ports[] = { "sport", "dport", "lport", "rport" };

	return field->kind != KIND_FLOAT && (has_any_word(field->name, words, ARRAY_LEN(words)) ||
					     has_any_word(field->name, ports, ARRAY_LEN(ports)));
}

/* The author, or the command line, says nothing of this map's values. */
static bool says_nothing(const struct metric_build *b, const struct field *field)
{
	return b->entries && b->plan->kind == METRIC_ENTRIES && !b->values_tagged &&
	       !b->map->value.is_scalar && !field->tags && field >= b->map->value.fields &&
	       field < b->map->value.fields + b->map->value.nfields;
}

bool guess_is_gauge(const struct metric_build *b, const struct field *field)
{
	return b->map->role == ROLE_COUNTER && says_nothing(b, field) && is_state(field->name);
}

bool guess_is_label(const struct metric_build *b, const struct field *field)
{
	return b->map->role == ROLE_COUNTER && says_nothing(b, field) && !is_state(field->name) &&
	       is_id(field);
}

bool guess_is_same(const struct metric_build *b, const struct field *field)
{
	const struct field *fields = b->map->value.fields;

	if (!says_nothing(b, field))
		return false;
	for (const struct field *f = fields; f < field; f++)
		if (field_is_numeric(f) && !guess_is_label(b, f) &&
		    f->off_bits < field->off_bits + field->size_bits &&
		    field->off_bits < f->off_bits + f->size_bits)
			return true;
	return false;
}
