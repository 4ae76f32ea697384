// SPDX-License-Identifier: Apache-2.0
#include "cmd/author/test_file.h"

#include <ctype.h>
#include <errno.h>

#include "base/err.h"
#include "base/util.h"

#define MAX_INPUT_BYTES 65536
#define MAX_REPEAT 1000000
#define MAX_ARGS 12 /* of a raw tracepoint */

static int read_text(const struct yaml_node *node, const char *key, const char **ret,
		     struct err *err)
{
	const struct yaml_node *value = yaml_get(node, key);

	return value ? yaml_text(value, ret, err) : 0;
}

static int read_words(const struct yaml_node *node, const char *key, struct words *ret,
		      struct err *err)
{
	const struct yaml_node *list = yaml_get(node, key);
	int rc = yaml_list(list, err);

	for (const struct yaml_node *item = list ? list->first : NULL; item && rc == 0;
	     item = item->next) {
		const char *text;

		rc = yaml_text(item, &text, err);
		if (rc == 0)
			words_add(ret, text);
	}
	return rc;
}

static int digit_of(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
	       : c >= 'a' && c <= 'f'	 ? c - 'a' + 10
	       : c >= 'A' && c <= 'F'	 ? c - 'A' + 10
					 : -1;
}

/* "45 00 00:54": pairs of hexadecimal digits, with blanks and colons between them. */
static int read_bytes(struct arena *arena, const struct yaml_node *node, const char *key,
		      void **ret, size_t *ret_len, struct err *err)
{
	const struct yaml_node *value = yaml_get(node, key);
	const char *text = NULL;
	unsigned char *bytes;
	size_t len = 0;
	int rc = value ? yaml_text(value, &text, err) : 0;

	if (rc < 0 || !text)
		return rc;
	bytes = arena_alloc(arena, strlen(text) / 2 + 1, 1);
	for (const char *c = text; *c;) {
		if (isspace((unsigned char)*c) || *c == ':') {
			c++;
			continue;
		}
		if (digit_of(c[0]) < 0 || digit_of(c[1]) < 0 || len == MAX_INPUT_BYTES)
			return yaml_refuse(value, err,
					   "%s: pairs of hexadecimal digits, at most %u", key,
					   MAX_INPUT_BYTES);
		bytes[len++] = (unsigned char)(digit_of(c[0]) << 4 | digit_of(c[1]));
		c += 2;
	}
	*ret = bytes;
	*ret_len = len;
	return 0;
}

/* The arguments of a raw tracepoint: 64 bits each. */
static int read_args(struct arena *arena, const struct yaml_node *node, struct test_case *ret,
		     struct err *err)
{
	const struct yaml_node *list = yaml_get(node, "args");
	uint64_t *args = arena_array(arena, uint64_t, MAX_ARGS);
	size_t count = 0;
	int rc = yaml_list(list, err);

	for (const struct yaml_node *item = list ? list->first : NULL; item && rc == 0;
	     item = item->next) {
		if (count == MAX_ARGS)
			return yaml_refuse(item, err, "more than %d arguments", MAX_ARGS);
		rc = yaml_u64(item, 0, 0, &args[count++], err);
	}
	if (rc == 0 && list) {
		ret->context = args;
		ret->context_bytes = count * sizeof(*args);
	}
	return rc;
}

static int read_maps(const struct yaml_node *node, const char *key, struct yaml_node **ret,
		     struct err *err)
{
	int rc;

	*ret = yaml_get(node, key);
	rc = yaml_map(*ret, err);
	for (const struct yaml_node *map = *ret ? (*ret)->first : NULL; map && rc == 0;
	     map = map->next) {
		rc = yaml_list(map, err);
		for (const struct yaml_node *row = map->first; row && rc == 0; row = row->next)
			rc = yaml_map(row, err);
	}
	return rc;
}

static int read_returns(const struct yaml_node *node, struct test_case *ret, struct err *err)
{
	const struct yaml_node *value = yaml_get(node, "returns");
	double number = 0;
	int rc = value ? yaml_double(value, &number, err) : 0;

	ret->has_returns = value != NULL;
	ret->returns = (uint32_t)(int64_t)number;
	return rc;
}

static int check(const struct yaml_node *node, const struct test_case *t, struct err *err)
{
	int ways = (t->program != NULL) + (t->replay != NULL) + (t->command.count > 0);

	if (ways != 1) {
		err_hint(err, "program runs one with an input, replay a recording, command the "
			      "program beside a command");
		return yaml_refuse(node, err, "a test has one of program, replay and command");
	}
	if (!t->program && (t->packet || t->context || t->repeat || t->has_returns))
		return yaml_refuse(node, err,
				   "packet, context, args, repeat and returns are for program");
	return 0;
}

static int read_case(struct test_file *f, const struct yaml_node *node, const char *folder,
		     struct test_case *t, struct err *err)
{
	static const char *const keys[] = { "name",    "program", "replay",  "command", "packet",
					    "context", "args",	  "repeat",  "returns", "set",
					    "where",   "rows",	  "contains" };
	const struct yaml_node *repeat = yaml_get(node, "repeat");
	int rc = yaml_keys(node, keys, ARRAY_LEN(keys), err);

	t->node = node;
	rc = rc ? rc : read_text(node, "name", &t->name, err);
	rc = rc ? rc : read_text(node, "program", &t->program, err);
	rc = rc ? rc : read_text(node, "replay", &t->replay, err);
	rc = rc ? rc : read_text(node, "where", &t->where, err);
	rc = rc ? rc : read_words(node, "command", &t->command, err);
	rc = rc ? rc : read_words(node, "set", &t->set, err);
	rc = rc ? rc : read_bytes(&f->arena, node, "packet", &t->packet, &t->packet_bytes, err);
	rc = rc ? rc : read_bytes(&f->arena, node, "context", &t->context, &t->context_bytes, err);
	rc = rc ? rc : read_args(&f->arena, node, t, err);
	if (rc == 0 && repeat)
		rc = yaml_u64(repeat, 1, MAX_REPEAT, &t->repeat, err);
	rc = rc ? rc : read_returns(node, t, err);
	rc = rc ? rc : read_maps(node, "rows", &t->rows, err);
	rc = rc ? rc : read_maps(node, "contains", &t->contains, err);
	if (rc == 0 && !t->name)
		return yaml_refuse(node, err, "a test has a name");
	if (rc == 0 && t->replay && t->replay[0] != '/')
		t->replay = arena_printf(&f->arena, "%s%s", folder, t->replay);
	return rc ? rc : check(node, t, err);
}

int test_file_read(struct test_file *ret, const char *path, struct err *err)
{
	static const char *const keys[] = { "tests" };
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder =
		slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("");
	const struct yaml_node *tests;
	int rc;

	*ret = (struct test_file){ 0 };
	rc = yaml_read(&ret->yaml, path, err);
	if (rc == 0)
		rc = yaml_keys(ret->yaml.root, keys, ARRAY_LEN(keys), err);
	if (rc < 0)
		return rc;
	tests = yaml_get(ret->yaml.root, "tests");
	rc = yaml_list(tests, err);
	if (rc == 0 && !tests)
		return err_usage(err, "%s has no tests", path);
	if (rc < 0)
		return rc;
	ret->cases = xcalloc(tests->count + 1, sizeof(*ret->cases));
	for (const struct yaml_node *node = tests->first; node && rc == 0; node = node->next)
		rc = read_case(ret, node, folder, &ret->cases[ret->count++], err);
	return rc;
}

void test_file_release(struct test_file *f)
{
	for (size_t i = 0; i < f->count; i++) {
		words_release(&f->cases[i].command);
		words_release(&f->cases[i].set);
	}
	free(f->cases);
	arena_release(&f->arena);
	yaml_release(&f->yaml);
}
