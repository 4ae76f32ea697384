// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/test_rows.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define SHOWN_ROWS 10

struct row {
	const char *map;
	json_t *json; /* members, flat */
	json_t *key;  /* of a series; NULL: a record */
	bool taken;
};

struct rows {
	struct row *all;
	size_t count, room;
	json_t *lines; /* they borrow from these */
};

static void rows_release(struct rows *r)
{
	for (size_t i = 0; i < r->count; i++)
		json_decref(r->all[i].json);
	free(r->all);
	json_decref(r->lines);
}

/* ---- what there is ---- */

static json_t *flat(json_t *line)
{
	json_t *row = json_object(), *value = json_object_get(line, "value");

	json_object_update(row, json_object_get(line, "fields"));
	json_object_update(row, json_object_get(line, "key"));
	if (json_is_object(value))
		json_object_update(row, value);
	else if (value)
		json_object_set(row, "value", value);
	for (size_t i = 0; i < 3; i++) {
		const char *name = (const char *[]){ "count", "sum", "name" }[i];

		if (json_object_get(line, name))
			json_object_set(row, name, json_object_get(line, name));
	}
	return row;
}

/* The row before it of the same series. */
static struct row *find_series(struct rows *r, const char *map, json_t *key)
{
	for (size_t i = 0; key && i < r->count; i++)
		if (r->all[i].key && streq(r->all[i].map, map) && json_equal(r->all[i].key, key))
			return &r->all[i];
	return NULL;
}

static void add_line(struct rows *r, json_t *line)
{
	const char *map = json_string_value(json_object_get(line, "map"));
	const char *kind = json_string_value(json_object_get(line, "kind"));
	json_t *key = json_object_get(line, "key");
	struct row *row;

	if (!map || !kind || streq(kind, "lost") || streq(kind, "gone"))
		return;
	row = find_series(r, map, key);
	if (row) {
		json_decref(row->json);
	} else {
		if (r->count == r->room) {
			r->room = r->room ? 2 * r->room : 256;
			r->all = xreallocarray(r->all, r->room, sizeof(*r->all));
		}
		row = &r->all[r->count++];
	}
	*row = (struct row){ .map = map, .json = flat(line), .key = key };
}

static void read_lines(struct rows *r, const char *text)
{
	r->lines = json_array();
	while (*text) {
		size_t len = strcspn(text, "\n");
		json_t *line = json_loadb(text, len, 0, NULL);

		if (line) {
			json_array_append_new(r->lines, line);
			add_line(r, line);
		}
		text += len + (text[len] == '\n');
	}
}

/* ---- what is expected ---- */

/* Numbers are equal as numbers: 0x10 is 16. */
static bool is_value(const json_t *value, const char *text)
{
	_cleanup_free_ char *got = NULL;
	char *end;

	if (json_is_string(value))
		return streq(json_string_value(value), text);
	if (json_is_integer(value)) {
		long long number = strtoll(text, &end, 0);

		return *text && !*end && number == json_integer_value(value);
	}
	if (json_is_real(value)) {
		double number = strtod(text, &end);

		return *text && !*end && number == json_real_value(value);
	}
	got = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	return got && streq(got, text);
}

static bool is_row(const struct row *row, const struct yaml_node *expected)
{
	for (const struct yaml_node *m = expected->first; m; m = m->next) {
		const json_t *value = json_object_get(row->json, m->key->text);

		if (!value || !is_value(value, m->text ? m->text : ""))
			return false;
	}
	return true;
}

static void add_expected(struct strbuf *why, const struct yaml_node *expected)
{
	for (const struct yaml_node *m = expected->first; m; m = m->next)
		strbuf_addf(why, "%s%s: %s", m == expected->first ? "" : ", ", m->key->text,
			    m->text ? m->text : "");
}

static bool has_row(struct rows *r, const char *map, const struct yaml_node *expected)
{
	for (size_t i = 0; i < r->count; i++) {
		struct row *row = &r->all[i];

		if (row->taken || !streq(row->map, map) || !is_row(row, expected))
			continue;
		row->taken = true;
		return true;
	}
	return false;
}

static void add_got(struct strbuf *why, const struct rows *r, const char *map, bool taken_too)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->count; i++) {
		_cleanup_free_ char *text = NULL;

		if (!streq(r->all[i].map, map) || (r->all[i].taken && !taken_too))
			continue;
		if (shown++ == SHOWN_ROWS) {
			strbuf_adds(why, "  and others\n");
			return;
		}
		text = json_dumps(r->all[i].json, JSON_COMPACT | JSON_PRESERVE_ORDER);
		strbuf_addf(why, "  got %s\n", text ? text : "?");
	}
	if (!shown)
		strbuf_adds(why, "  got none\n");
}

static bool map_matches(struct rows *r, const struct yaml_node *map, bool exactly,
			struct strbuf *why)
{
	const char *name = map->key->text;
	bool all = true;
	size_t more = 0;

	for (const struct yaml_node *row = map->first; row; row = row->next) {
		if (has_row(r, name, row))
			continue;
		all = false;
		strbuf_addf(why, "%s has no row {", name);
		add_expected(why, row);
		strbuf_adds(why, "}\n");
	}
	if (!all)
		add_got(why, r, name, true);
	for (size_t i = 0; i < r->count; i++)
		more += exactly && streq(r->all[i].map, name) && !r->all[i].taken;
	if (more && all) {
		strbuf_addf(why, "%s has %zu more row%s\n", name, more, more == 1 ? "" : "s");
		add_got(why, r, name, false);
	}
	return all && !more;
}

bool test_rows_match(const char *json, const struct test_case *test, struct strbuf *why)
{
	_cleanup_(rows_release) struct rows rows = { 0 };
	bool good = true;

	read_lines(&rows, json);
	for (const struct yaml_node *map = test->rows ? test->rows->first : NULL; map;
	     map = map->next)
		good &= map_matches(&rows, map, true, why);
	for (const struct yaml_node *map = test->contains ? test->contains->first : NULL; map;
	     map = map->next)
		good &= map_matches(&rows, map, false, why);
	return good;
}
