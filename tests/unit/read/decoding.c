// SPDX-License-Identifier: Apache-2.0
/* Every decoder over bytes written by hand, alone and in chains, and every chain that is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/load/decode/decoders.h"
#include "runner/read/text/decode.h"
#include "runner/read/text/decoding.h"
#include "runner/read/text/resolve.h"

/* The names of a system that is made up. */
static bool find_name(void *ctx, enum meaning meaning, uint64_t id, char text[])
{
	static const struct {
		enum meaning meaning;
		uint64_t id;
		const char *text;
	} names[] = {
		{ MEAN_CGROUP, 1, "/" },
		{ MEAN_CGROUP, 42, "/system.slice/ssh.service" },
		{ MEAN_IFINDEX, 2, "eth0" },
		{ MEAN_DEV, 8ull << 20 | 300, "sdzz" },
		{ MEAN_KSYM, 0xffff1000, "tcp_v4_rcv" },
		{ MEAN_KSYM, 0xffff1010, "tcp_v4_rcv+0x10" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].meaning == meaning && names[i].id == id) {
			snprintf(text, RESOLVE_MAX, "%s", names[i].text);
			return true;
		}
	}
	return false;
}

struct run_case {
	const char *words;
	const char *bytes;
	uint32_t len;
	const char *want; /* NULL: it is left out */
};

#define BYTES(text) (text), sizeof(text) - 1
#define NUMBER(type, v) ((const char *)&(const type){ v }), sizeof(type)
#define STACK(...)                                                                                 \
	((const char *)(const uint64_t[]){ __VA_ARGS__ }), sizeof((const uint64_t[]){ __VA_ARGS__ })

static const struct run_case runs[] = {
	{ "uint", NUMBER(uint8_t, 0xff), "255" },
	{ "uint", NUMBER(uint16_t, 0x102), "258" },
	{ "uint", NUMBER(uint32_t, 0x80000000), "2147483648" },
	{ "uint", NUMBER(uint64_t, UINT64_MAX), "18446744073709551615" },
	{ "string", BYTES("sh\0rest"), "sh" },
	{ "string", BYTES("whole"), "whole" },
	{ "hex", BYTES("\x00\xde\xad\x0f"), "00dead0f" },
	{ "inet_ip", BYTES("\x0a\x00\x00\x01"), "10.0.0.1" },
	{ "inet_ip", BYTES("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"), "2001:db8::1" },
	{ "inet_ip", BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01"), "127.0.0.1" },
	{ "dname",
	  BYTES("\x07"
		"example\x03"
		"com"),
	  "example.com" },
	{ "dname",
	  BYTES("\x07"
		"example\x03"
		"com\0\0\0\0"),
	  "example.com" },
	{ "dname", BYTES("\0\0\0"), "." },
	{ "dname",
	  BYTES("\x05"
		"com"),
	  "\x05"
	  "com" },
	{ "errno", NUMBER(uint32_t, 111), "ECONNREFUSED" },
	{ "uint | errno", NUMBER(uint64_t, 0), "unknown:0" },
	{ "errno", NUMBER(uint32_t, 95), "ENOTSUP" },
	{ "errno", NUMBER(uint32_t, 117), "EFSCORRUPTED" },
	{ "errno", NUMBER(uint32_t, 512), "unknown:512" },
	{ "uint | errno", NUMBER(uint64_t, 99999), "unknown:99999" },
	{ "syscall", NUMBER(uint64_t, 9999), "unknown_syscall:9999" },
#ifdef __x86_64__
	{ "uint | syscall", NUMBER(uint32_t, 257), "openat" },
#endif
	{ "cgroup", NUMBER(uint64_t, 42), "/sys/fs/cgroup/system.slice/ssh.service" },
	{ "cgroup", NUMBER(uint64_t, 1), "/sys/fs/cgroup" },
	{ "cgroup", NUMBER(uint64_t, 7), "unknown_cgroup_id:7" },
	{ "ifname", NUMBER(uint32_t, 2), "eth0" },
	{ "ifname", NUMBER(uint32_t, 9), "unknown:9" },
	/* minor 300 = 0x12c: its low byte, then the major, then the rest. */
	{ "majorminor", NUMBER(uint32_t, 0x2c | 8 << 8 | 1 << 20), "sdzz" },
	{ "majorminor", NUMBER(uint32_t, 1 | 253 << 8), "unknown:253:1" },
	{ "ksym", NUMBER(uint64_t, 0xffff1000), "tcp_v4_rcv" },
	{ "ksym", NUMBER(uint64_t, 0xffff1010), "unknown_addr:0xffff1010" },
	{ "kstack", STACK(0xffff1010, 0xffff9999, 0xffff1000, 0, 0xffff1000),
	  "tcp_v4_rcv\n??\ntcp_v4_rcv" },
	{ "static_map 1=read 2=write", NUMBER(uint8_t, 2), "write" },
	{ "static_map 1=read 2=write", NUMBER(uint8_t, 3), "unknown:3" },
	{ "uint | static_map allow_unknown 1=read", NUMBER(uint32_t, 3), "3" },
	{ "static_map '1=two words' \"2=it's\"", NUMBER(uint32_t, 1), "two words" },
	{ "static_map '1=two words' \"2=it's\"", NUMBER(uint32_t, 2), "it's" },
	{ "static_map sh=shell", BYTES("sh\0\0"), "shell" },
	{ "regexp ^sh$ ^(kworker).*", BYTES("kworker/0:1\0\0"), "kworker" },
	{ "string | regexp ^sh$ ^(kworker).*", BYTES("sh\0x"), "sh" },
	{ "regexp ^sh$ ^(kworker).*", BYTES("bash\0"), NULL },
	{ "regexp ash", BYTES("bash\0"), "ash" },
	{ "regexp '^(a | b)$'", BYTES("a | b"), NULL },
	{ "regexp '^(a [|] b)$'", BYTES("a | b"), "a | b" },
	{ "uint | static_map 1=read 2=write | regexp ^w", NUMBER(uint32_t, 1), NULL },
	{ "uint | static_map 1=read 2=write | regexp ^w(.*)", NUMBER(uint32_t, 2), "rite" },
	{ "uint | static_map 1=a | regexp ^un.*", NUMBER(uint32_t, 5), "unknown:5" },
	{ "string | regexp ^(..).* | static_map xx=y", BYTES("abc"), "unknown:ab" },
};

static void give(struct arena *arena, struct field *f, const struct run_case *c,
		 struct decoder_chain **list)
{
	struct err err = { 0 };
	bool number = c->len == 1 || c->len == 2 || c->len == 4 || c->len == 8;

	*f = (struct field){
		.name = "f",
		.path = "f",
		.label = "f",
		.kind = KIND_BYTES,
		.count = 1,
		.size_bits = c->len * 8,
	};
	if (number && !has_prefix(c->words, "string") && !has_prefix(c->words, "regexp") &&
	    !has_prefix(c->words, "static_map sh"))
		f->kind = KIND_UINT;
	if (decoders_give(arena, f, c->words, list, &err))
		fail_msg("'%s': %s", c->words, err.msg);
}

static void run(const struct run_case *c, struct resolver *resolver)
{
	struct arena arena = { 0 };
	struct decoder_chain *list = NULL;
	/* Sanitizers see a step outside. */
	uint8_t *bytes = memcpy(xmalloc(c->len), c->bytes, c->len);
	char *text = xmalloc(DECODE_MAX);
	struct field f;
	int len;

	give(&arena, &f, c, &list);
	len = decoding_run(f.decoders, bytes, c->len, resolver, text);
	if (len != (c->want ? (int)strlen(c->want) : -1) ||
	    (c->want && memcmp(text, c->want, (size_t)len) != 0))
		fail_msg("'%s' gives '%.*s', not '%s'", c->words, MAX(len, 0), text, c->want);
	decoders_release(list);
	arena_release(&arena);
	free(bytes);
	free(text);
}

static void test_decoding_runs(void **state)
{
	const struct name_source names = { .find = find_name };
	struct resolver *resolver = resolver_new_from(&names, NULL);

	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		run(&runs[i], resolver);
	resolver_free(resolver);
}

#define PCI_DIR "/usr/share/misc"

/* Hides the system's pci.ids behind one of the test's own, for this process alone. */
static bool write_pci_ids(void)
{
	FILE *file;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", PCI_DIR, "tmpfs", 0, NULL) < 0)
		return false;
	file = fopen(PCI_DIR "/pci.ids", "w");
	assert_non_null(file);
	fputs("8086  Intel Corporation\n"
	      "\t1533  I210 Gigabit\n"
	      "C 02  Network controller\n"
	      "\t80  Other network\n",
	      file);
	return fclose(file) == 0;
}

static const struct run_case pci_runs[] = {
	{ "uint | pci_vendor", NUMBER(uint32_t, 0x8086), "Intel Corporation" },
	{ "uint | pci_vendor", NUMBER(uint32_t, 0x7), "unknown pci vendor: 0x07" },
	{ "uint | pci_device", NUMBER(uint32_t, 0x80861533), "I210 Gigabit" },
	{ "uint | pci_device", NUMBER(uint32_t, 0x15338086), "unknown pci device: 0x15338086" },
	{ "uint | pci_device", NUMBER(uint32_t, 0x7), "unknown pci device: 0x0007" },
	{ "uint | pci_class", NUMBER(uint32_t, 0x02), "Network controller" },
	{ "uint | pci_class", NUMBER(uint32_t, 0x03), "unknown pci class: 0x03" },
	{ "uint | pci_subclass", NUMBER(uint32_t, 0x0280), "Other network" },
	{ "uint | pci_subclass", NUMBER(uint32_t, 0x0281),
	  "unknown pci subclass: 0x81 (class 0x02)" },
	{ "uint | pci_subclass", NUMBER(uint32_t, 0x0380), "unknown pci class: 0x03" },
};

static void test_decoding_names_pci_devices(void **state)
{
	const struct name_source names = { .find = find_name };
	struct resolver *resolver;

	for (size_t i = 0; i < ARRAY_LEN(pci_runs); i++) {
		struct run_case without = pci_runs[i];

		without.want = "missing pci.ids db";
		run(&without, NULL);
	}
	if (!write_pci_ids()) {
		print_message("no file can be put before the system's pci.ids\n");
		skip();
	}
	resolver = resolver_new_from(&names, NULL);
	for (size_t i = 0; i < ARRAY_LEN(pci_runs); i++)
		run(&pci_runs[i], resolver);
	resolver_free(resolver);
}

static void test_decoding_is_text_in_each_style(void **state)
{
	const struct run_case c = { "static_map 1=a\"b", NUMBER(uint32_t, 1), NULL };
	static const struct {
		enum style style;
		const char *want;
	} styles[] = { { STYLE_JSON, "\"a'b\"" }, { STYLE_TABLE, "a'b" }, { STYLE_PLAIN, "a'b" } };
	struct run_case with = c;
	struct arena arena = { 0 };
	struct decoder_chain *list = NULL;
	struct field f;
	char *text;

	with.words = "static_map \"1=a'b\"";
	give(&arena, &f, &with, &list);
	text = xmalloc(field_text_max(&f));
	for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
		size_t len = field_text(text, &f, with.bytes, styles[i].style, NULL);

		assert_int_equal(len, strlen(styles[i].want));
		assert_memory_equal(text, styles[i].want, len);
	}
	assert_false(field_is_numeric(&f));
	assert_true(field_text_is_lasting(&f));
	assert_false(field_text_is_exact(&f));
	free(text);
	decoders_release(list);
	arena_release(&arena);
}

static const struct {
	const char *words;
	uint32_t bytes;
	const char *want;
} refusals[] = {
	{ "", 4, "a decoder is missing" },
	{ "uint |", 4, "a decoder is missing" },
	{ "uimt", 4, "no decoder 'uimt'" },
	{ "uint 3", 4, "uint takes no words, and has '3'" },
	{ "uint", 3, "uint takes no 3 bytes" },
	{ "ksym", 4, "ksym takes no 4 bytes" },
	{ "inet_ip", 8, "inet_ip takes no 8 bytes" },
	{ "kstack", 12, "kstack takes addresses of 8 bytes, not 12 bytes" },
	{ "uint | ksym", 8, "ksym takes bytes, and comes first" },
	{ "string | errno", 8, "errno takes a number, which string does not give" },
	{ "static_map", 4, "static_map has no FROM=TO" },
	{ "static_map 1", 4, "static_map: '1' has no '='" },
	{ "static_map 1=a 1=b", 4, "static_map: '1' stands twice" },
	{ "static_map '1=a", 4, "a quote is not closed" },
	{ "string | regexp", 16, "regexp has no expression" },
	{ "string | regexp (", 16,
	  "regular expression '(': missing closing parenthesis at byte 1" },
	{ "string|string|string|string", 4, "no decoder 'string|string|string|string'" },
	{ "string | string | string | string | string | string | string | string | string", 4,
	  "string takes bytes, and comes first" },
};

static void test_decoding_refuses(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		struct arena arena = { 0 };
		struct decoder_chain *list = NULL;
		struct err err = { 0 };
		struct field f = { .kind = KIND_BYTES,
				   .count = 1,
				   .size_bits = refusals[i].bytes * 8,
				   .name = "f",
				   .path = "f" };
		int rc = decoders_give(&arena, &f, refusals[i].words, &list, &err);

		if (!rc)
			fail_msg("'%s' is taken", refusals[i].words);
		if (rc != -E2BIG)
			assert_string_equal(err.msg, refusals[i].want);
		assert_null(f.decoders);
		decoders_release(list);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoding_runs),
		cmocka_unit_test(test_decoding_names_pci_devices),
		cmocka_unit_test(test_decoding_is_text_in_each_style),
		cmocka_unit_test(test_decoding_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
