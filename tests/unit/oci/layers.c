// SPDX-License-Identifier: Apache-2.0
/* layers: which eBPF object a container image of several layers holds. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "oci/layers.h"

#define BLOCK 512
#define MAX_BYTES (1u << 20)

/* One entry of a tar: `type` as in its header, '0' a file, '5' a folder, '1' a hard link. */
struct entry {
	const char *name;
	char type;
	const char *text; /* "A", "B": objects; "b": one of the other byte order; "-": other text */
	uint64_t claimed_bytes; /* in the header, instead of the real size */
};

static size_t object_bytes(char *dst, const char *text)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)dst;
	bool big = *text >= 'a';

	memset(dst, 0, sizeof(*header) + 1);
	if (*text != '-') {
		memcpy(header->e_ident, ELFMAG, SELFMAG);
		header->e_ident[EI_CLASS] = ELFCLASS64;
		header->e_ident[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
		header->e_machine = big ? __builtin_bswap16(EM_BPF) : EM_BPF;
	}
	dst[sizeof(*header)] = *text;
	return sizeof(*header) + 1;
}

static void add_entry(struct strbuf *tar, const struct entry *e)
{
	char block[BLOCK] = "", content[BLOCK] = "";
	size_t len = e->type == '0' ? object_bytes(content, e->text) : 0;
	unsigned sum = 0;

	snprintf(block, 100, "%s", e->name);
	snprintf(block + 100, 8, "%07o", 0644);
	snprintf(block + 124, 13, "%012llo",
		 (unsigned long long)(e->claimed_bytes ? e->claimed_bytes : len));
	block[156] = e->type;
	if (e->type == '1')
		snprintf(block + 157, 100, "%s", e->text);
	memcpy(block + 257,
	       "ustar\0"
	       "00",
	       8);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
	strbuf_add(tar, block, BLOCK);
	if (len)
		strbuf_add(tar, content, BLOCK);
}

static int add_layer(struct layers *layers, const struct entry *entries, struct err *err)
{
	_cleanup_strbuf_ struct strbuf tar = STRBUF_INIT(1u << 20);
	char end[2 * BLOCK] = "";

	if (!entries)
		return layers_add(layers, "", 0, err);
	for (; entries->name; entries++)
		add_entry(&tar, entries);
	strbuf_add(&tar, end, sizeof(end));
	return layers_add(layers, tar.buf, tar.len, err);
}

/* The letter of the object in up to three layers, from the bottom; or the error's number. */
static char result(const struct entry *const *stack, size_t count, int *ret_rc)
{
	_cleanup_(layers_release) struct layers layers = LAYERS_INIT(MAX_BYTES);
	_cleanup_free_ char *object = NULL;
	struct err err = { 0 };
	size_t len = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_layer(&layers, stack[i], &err);
	if (rc == 0)
		rc = layers_object(&layers, (void **)&object, &len, &err);
	*ret_rc = rc;
	return rc == 0 ? object[len - 1] : '\0';
}

static const struct entry only_a[] = { { "bpf/a.o", '0', "A" }, { NULL } };

/* case: mktar, D */
static void test_layers_show_what_a_container_sees(void **state)
{
	static const struct {
		const char *what;
		struct entry bottom[4], top[4];
		char want; /* NUL: `rc` is right */
		int rc;
	} cases[] = {
		{ "one", { { "a.o", '0', "A" } }, { { "x", '0', "-" } }, 'A' },
		{ "none", { { "a", '0', "-" } }, { { "x", '0', "-" } }, 0, -ENOENT },
		{ "two", { { "a.o", '0', "A" } }, { { "b.o", '0', "B" } }, 0, -EBADMSG },
		{ "same content", { { "a.o", '0', "A" } }, { { "b.o", '0', "A" } }, 'A' },
		{ "replaced", { { "a.o", '0', "A" } }, { { "a.o", '0', "B" } }, 'B' },
		{ "by other spelling",
		  { { "x/a.o", '0', "A" } },
		  { { "./x//a.o", '0', "B" } },
		  'B' },
		{ "absolute", { { "a.o", '0', "A" } }, { { "/a.o", '0', "B" } }, 'B' },
		{ "by text", { { "a.o", '0', "A" } }, { { "a.o", '0', "-" } }, 0, -ENOENT },
		{ "by a link", { { "a.o", '0', "A" } }, { { "a.o", '2', "" } }, 0, -ENOENT },
		{ "folder by a file",
		  { { "d/a.o", '0', "A" } },
		  { { "d", '0', "-" } },
		  0,
		  -ENOENT },
		{ "folder again", { { "d/a.o", '0', "A" } }, { { "d", '5', "" } }, 'A' },
		{ "file by a folder", { { "d", '0', "A" } }, { { "d", '5', "" } }, 0, -ENOENT },
		{ "whiteout",
		  { { "old.o", '0', "A" } },
		  { { ".wh.old.o", '0', "-" }, { "new.o", '0', "B" } },
		  'B' },
		{ "whiteout of a folder",
		  { { "d/e/old.o", '0', "A" } },
		  { { ".wh.d", '0', "-" }, { "new.o", '0', "B" } },
		  'B' },
		{ "whiteout of another",
		  { { "old.o", '0', "A" } },
		  { { ".wh.old", '0', "-" }, { "d/.wh.old.o", '0', "-" } },
		  'A' },
		{ "whiteout beside the new file",
		  { { "a.o", '0', "A" } },
		  { { "a.o", '0', "B" }, { ".wh.a.o", '0', "-" } },
		  'B' },
		{ "opaque",
		  { { "d/old.o", '0', "A" } },
		  { { "d/new.o", '0', "B" }, { "d/.wh..wh..opq", '0', "-" } },
		  'B' },
		{ "opaque elsewhere",
		  { { "d/old.o", '0', "A" }, { "da/x.o", '0', "A" } },
		  { { "da/.wh..wh..opq", '0', "-" } },
		  'A' },
		{ "opaque root",
		  { { "old.o", '0', "A" } },
		  { { ".wh..wh..opq", '0', "-" }, { "new.o", '0', "B" } },
		  'B' },
		{ "both byte orders",
		  { { "el.o", '0', "A" }, { "eb.o", '0', "b" } },
		  { { "x", '0', "-" } },
		  'A' },
		{ "the other byte order",
		  { { "eb.o", '0', "b" } },
		  { { "x", '0', "-" } },
		  0,
		  -ENOTSUP },
		{ "hard link",
		  { { "a.o", '0', "A" }, { "b.o", '1', "a.o" } },
		  { { "x", '0', "-" } },
		  'A' },
		{ "its last name",
		  { { "a.o", '0', "A" }, { "b.o", '1', "./a.o" } },
		  { { ".wh.a.o", '0', "-" } },
		  'A' },
		{ "twice in one layer",
		  { { "a.o", '0', "A" }, { "a.o", '0', "B" } },
		  { { "x", '0', "-" } },
		  'B' },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct entry *const stack[] = { cases[i].bottom, cases[i].top };
		int rc = 0;
		char got = result(stack, ARRAY_LEN(stack), &rc);

		if (got != cases[i].want || rc != cases[i].rc)
			fail_msg("%s: got '%c' and %d", cases[i].what, got ? got : '0', rc);
	}
}

static void test_layers_may_be_empty(void **state)
{
	static const struct entry end[] = { { NULL } };
	const struct entry *const stack[] = { NULL, only_a, end, NULL };
	int rc = 0;

	assert_int_equal(result(stack, ARRAY_LEN(stack), &rc), 'A');
	assert_int_equal(rc, 0);
}

static void test_layers_count_what_they_skip(void **state)
{
	static const struct entry huge[] = {
		{ "zeros", '0', "-", .claimed_bytes = 1ull << 32 },
		{ NULL },
	};
	const struct entry *const stacks[] = { huge };
	int rc = 0;

	result(&stacks[0], 1, &rc);
	assert_int_equal(rc, -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers_show_what_a_container_sees),
		cmocka_unit_test(test_layers_may_be_empty),
		cmocka_unit_test(test_layers_count_what_they_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
