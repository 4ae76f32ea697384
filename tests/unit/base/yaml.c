// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "base/yaml.h"

static struct yaml_node *parse(struct yaml *yaml, const char *text)
{
	struct err err = { 0 };

	if (yaml_parse(yaml, "f.yaml", text, strlen(text), &err) < 0)
		fail_msg("%s", err.msg);
	return yaml->root;
}

static void refused(const char *text, const char *msg)
{
	struct err err = { 0 };
	struct yaml yaml;

	assert_int_equal(yaml_parse(&yaml, "f.yaml", text, strlen(text), &err), -EINVAL);
	assert_string_equal(err.msg, msg);
	assert_int_equal(err.exit, EXIT_USAGE);
	yaml_release(&yaml);
}

static void test_yaml_tree_has_places(void **state)
{
	struct yaml yaml;
	struct yaml_node *root = parse(&yaml, "a: 1\nlist:\n  - x\n  - {k: 'v'}\n"), *list;

	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->count, 2);
	assert_string_equal(root->first->key->text, "a");
	assert_int_equal(root->first->column, 4);
	list = yaml_get(root, "list");
	assert_int_equal(list->kind, YAML_LIST);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->key->line, 2);
	assert_int_equal(list->first->line, 3);
	assert_int_equal(list->first->column, 5);
	assert_null(list->first->key);
	assert_string_equal(yaml_get(list->first->next, "k")->text, "v");
	assert_false(yaml_get(list->first->next, "k")->plain);
	assert_null(yaml_get(root, "other"));
	yaml_release(&yaml);
}

static void test_yaml_null_counts_as_not_given(void **state)
{
	struct yaml yaml;
	struct err err = { 0 };
	struct yaml_node *root = parse(&yaml, "a:\nb: ~\nc: null\nd: ''\ne: 'null'\n");

	assert_null(yaml_get(root, "a"));
	assert_null(yaml_get(root, "b"));
	assert_null(yaml_get(root, "c"));
	assert_non_null(yaml_get(root, "d"));
	assert_non_null(yaml_get(root, "e"));
	assert_int_equal(yaml_list(root->first, &err), 0);
	assert_int_equal(yaml_map(root->first, &err), 0);
	yaml_release(&yaml);
	assert_true(yaml_is_null(parse(&yaml, "# nothing\n")));
	assert_int_equal(yaml_keys(yaml.root, NULL, 0, &err), 0);
	yaml_release(&yaml);
}

static void test_yaml_refuses(void **state)
{
	refused("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: 'a' stands on line 1 already");
	refused("a: &x 1\n", "f.yaml:1:4: anchors are not supported: write the value out");
	refused("a: *x\n", "f.yaml:1:4: aliases are not supported: write the value out");
	refused("a: !!str 1\n", "f.yaml:1:4: tags are not supported: leave the word with ! out");
	refused("a: [&x [1]]\n", "f.yaml:1:5: anchors are not supported: write the value out");
	refused("a:\n  <<: 1\n", "f.yaml:2:3: merge keys are not supported: write the keys out");
	refused("[1]: 2\n", "f.yaml:1:1: a key has to be a single word");
	refused("a: 1\n---\nb: 1\n", "f.yaml:2:1: a second document begins here");
	refused("a: \"x\\0y\"\n", "f.yaml:1:4: a text cannot have a NUL character");
	refused("a: 1\n b: 2\n",
		"f.yaml:2:3: this is not YAML: mapping values are not allowed in this context");
	refused("a: 1\nb: \xff\n", "f.yaml:2:4: this is not YAML: invalid leading UTF-8 octet");
}

static void test_yaml_is_bounded(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(2 * YAML_MAX_BYTES);
	struct yaml yaml;

	for (int i = 0; i <= YAML_MAX_DEPTH; i++)
		strbuf_addc(&sb, '[');
	refused(strbuf_str(&sb), "f.yaml:1:33: lists and mappings are nested too deeply");
	strbuf_reset(&sb);
	for (int i = 0; i < YAML_MAX_NODES - 1; i++)
		strbuf_adds(&sb, "- a\n");
	assert_int_equal(parse(&yaml, strbuf_str(&sb))->count, YAML_MAX_NODES - 1);
	yaml_release(&yaml);
	strbuf_adds(&sb, "- a\n");
	refused(strbuf_str(&sb), "f.yaml:65536:3: the document has too many values");
	strbuf_reset(&sb);
	while (sb.len <= YAML_MAX_BYTES)
		strbuf_addc(&sb, ' ');
	refused(strbuf_str(&sb), "f.yaml: the file is larger than 1048576 bytes");
}

static void test_yaml_getters_check_types(void **state)
{
	struct yaml yaml;
	struct err err = { 0 };
	struct yaml_node *root =
		parse(&yaml, "port: '8080'\non: yes\nsize: 4M\ntime: 1m30s\nx: 0.5\nlist: [a]\n");
	uint64_t number = 0;
	const char *text;
	double x;
	bool on;

	assert_int_equal(yaml_u64(yaml_get(root, "port"), 1, 65535, &number, &err), 0);
	assert_int_equal(number, 8080);
	assert_int_equal(yaml_bool(yaml_get(root, "on"), &on, &err), 0);
	assert_true(on);
	assert_int_equal(yaml_size(yaml_get(root, "size"), &number, &err), 0);
	assert_int_equal(number, 4 << 20);
	assert_int_equal(yaml_duration_ns(yaml_get(root, "time"), &number, &err), 0);
	assert_true(number == 90000000000ULL);
	assert_int_equal(yaml_double(yaml_get(root, "x"), &x, &err), 0);
	assert_true(x == 0.5);
	assert_int_equal(yaml_text(yaml_get(root, "list"), &text, &err), -EINVAL);
	assert_string_equal(err.msg, "f.yaml:6:7: 'list' takes a text, not a list");
	assert_int_equal(yaml_u64(yaml_get(root, "port"), 1, 80, &number, &err), -EINVAL);
	assert_string_equal(err.msg,
			    "f.yaml:1:7: 'port' takes a whole number from 1 to 80, not '8080'");
	assert_int_equal(yaml_bool(yaml_get(root, "list")->first, &on, &err), -EINVAL);
	assert_string_equal(err.msg, "f.yaml:6:8: true or false is expected here, not 'a'");
	assert_int_equal(yaml_list(root, &err), -EINVAL);
	assert_string_equal(err.msg, "f.yaml:1:1: a list is expected here, not a mapping");
	assert_true(number == 90000000000ULL);
	yaml_release(&yaml);
}

static void test_yaml_unknown_key_names_the_nearest(void **state)
{
	static const char *const keys[] = { "image", "namespace" };
	struct yaml yaml;
	struct err err = { 0 };
	struct yaml_node *root = parse(&yaml, "image: a\n  \nnamepsace: b\n");

	assert_int_equal(yaml_keys(root, keys, 2, &err), -EINVAL);
	assert_string_equal(err.msg, "f.yaml:3:1: 'namepsace' is not known here");
	assert_string_equal(err.hint, "did you mean 'namespace'?");
	yaml_release(&yaml);
}

static void test_yaml_variables_stand_in_values(void **state)
{
	struct yaml yaml;
	struct err err = { 0 };
	struct yaml_node *root;

	setenv("BOMBUS_A", "one: [1]", 1);
	setenv("BOMBUS_E", "", 1);
	unsetenv("BOMBUS_N");
	root = parse(&yaml, "a: x${BOMBUS_A}y${BOMBUS_E}\n"
			    "b: [\"${BOMBUS_N:-none}${BOMBUS_E:-empty}${BOMBUS_A:-}\"]\n"
			    "c: $${BOMBUS_A} $1 ${1} $ ${BOMBUS_A\n");
	assert_int_equal(yaml_expand(&yaml, &err), 0);
	assert_string_equal(yaml_get(root, "a")->text, "xone: [1]y");
	assert_string_equal(yaml_get(root, "b")->first->text, "noneemptyone: [1]");
	assert_string_equal(yaml_get(root, "c")->text, "${BOMBUS_A} $1 ${1} $ ${BOMBUS_A");
	yaml_release(&yaml);
	parse(&yaml, "a: [b, '${BOMBUS_N}']\n");
	assert_int_equal(yaml_expand(&yaml, &err), -EINVAL);
	assert_string_equal(err.msg, "f.yaml:1:8: the environment variable BOMBUS_N is not set");
	yaml_release(&yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml_tree_has_places),
		cmocka_unit_test(test_yaml_null_counts_as_not_given),
		cmocka_unit_test(test_yaml_refuses),
		cmocka_unit_test(test_yaml_is_bounded),
		cmocka_unit_test(test_yaml_getters_check_types),
		cmocka_unit_test(test_yaml_unknown_key_names_the_nearest),
		cmocka_unit_test(test_yaml_variables_stand_in_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
