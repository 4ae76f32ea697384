// SPDX-License-Identifier: Apache-2.0
/* The filter language, on one record whose every value is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/filter/filter.h"

struct key {
	uint32_t pid;
	uint32_t cpu;
};

struct value {
	char comm[16];
	char pad; /* what follows stands at odd offsets */
	uint64_t delta_us;
	int32_t ret;
	uint32_t raw_ret;
	uint8_t small;
	int8_t tiny;
	uint8_t on;
	float ratio;
	double exact;
	uint32_t state;
	uint8_t saddr[4];
	uint8_t daddr6[16];
	struct {
		uint8_t addr[16];
		uint32_t family;
	} peer;
	uint16_t port;
	uint8_t mac[6];
	uint8_t digest[4];
	uint16_t list[3];
	uint8_t dns[16];
	char letter;
	uint8_t wide[16];
	uint64_t len;
	uint8_t proto;
	uint32_t nr;
	uint32_t uid;
	uint32_t dev;
	uint32_t cpu;
	uint8_t bits;
	uint32_t ifindex;
} __attribute__((packed));

static struct enum_name state_names[] = { { 1, "OPEN" }, { 2, "HALF_OPEN" }, { 7, "CLOSED" } };
static const struct enum_names states = { ARRAY_LEN(state_names), false, state_names };

#define AT(type, member) .off_bits = offsetof(type, member) * 8
#define SIZE(type, member) .size_bits = sizeof(((type *)0)->member) * 8
#define FIELD(type, member, k, ...)                                                                \
	{                                                                                          \
		.name = #member, .path = #member, .label = #member, .kind = (k), .count = 1,       \
		AT(type, member), SIZE(type, member), __VA_ARGS__                                  \
	}
#define V(member, k, ...) FIELD(struct value, member, k, ##__VA_ARGS__)

static struct field key_fields[] = {
	FIELD(struct key, pid, KIND_UINT, .meaning = MEAN_PID),
	FIELD(struct key, cpu, KIND_UINT),
};

static struct field value_fields[] = {
	V(comm, KIND_TEXT),
	V(delta_us, KIND_UINT, .meaning = MEAN_DURATION_US),
	V(ret, KIND_INT, .meaning = MEAN_ERRNO, .is_signed = true),
	V(raw_ret, KIND_UINT, .meaning = MEAN_ERRNO),
	V(small, KIND_UINT),
	V(tiny, KIND_INT, .is_signed = true),
	V(on, KIND_BOOL),
	V(ratio, KIND_FLOAT),
	V(exact, KIND_FLOAT),
	V(state, KIND_ENUM, .enums = &states),
	V(saddr, KIND_UINT, .meaning = MEAN_IPV4),
	V(daddr6, KIND_BYTES, .meaning = MEAN_IPV6),
	V(peer, KIND_BYTES, .meaning = MEAN_IP, .addr_at = 0, .family_at = 16, .family_bytes = 4),
	V(port, KIND_UINT, .meaning = MEAN_PORT_BE),
	V(mac, KIND_BYTES, .meaning = MEAN_MAC),
	V(digest, KIND_BYTES),
	{ .name = "list",
	  .path = "list",
	  .label = "list",
	  .kind = KIND_UINT,
	  .count = 3,
	  .size_bits = 16,
	  AT(struct value, list) },
	V(dns, KIND_TEXT, .meaning = MEAN_DNS),
	V(letter, KIND_INT, .meaning = MEAN_CHAR, .is_signed = true),
	V(wide, KIND_UINT),
	V(len, KIND_UINT, .meaning = MEAN_SIZE_BYTES),
	V(proto, KIND_UINT, .meaning = MEAN_IP_PROTO),
	V(nr, KIND_UINT, .meaning = MEAN_SYSCALL),
	V(uid, KIND_UINT, .meaning = MEAN_UID),
	V(dev, KIND_UINT, .meaning = MEAN_DEV),
	V(cpu, KIND_UINT),
	{ .name = "bits",
	  .path = "src.bits",
	  .label = "src_bits",
	  .kind = KIND_UINT,
	  .count = 1,
	  .size_bits = 3,
	  .off_bits = offsetof(struct value, bits) * 8 + 2,
	  .is_bits = true },
	V(ifindex, KIND_UINT, .meaning = MEAN_IFINDEX),
};

static const struct map_plan map = {
	.name = "events",
	.symbol = "events",
	.has_key = true,
	.has_value = true,
	.key = { .type_name = "key",
		 .fields = key_fields,
		 .nfields = ARRAY_LEN(key_fields),
		 .size_bytes = sizeof(struct key) },
	.value = { .type_name = "value",
		   .fields = value_fields,
		   .nfields = ARRAY_LEN(value_fields),
		   .size_bytes = sizeof(struct value) },
};

static const struct key the_key = { .pid = 4711, .cpu = 3 };

static struct value the_value(void)
{
	struct value v = {
		.comm = "nginx\0old bytes",
		.delta_us = 1500,
		.ret = -ECONNREFUSED,
		.raw_ret = (uint32_t)-EACCES,
		.small = 200,
		.tiny = -3,
		.on = 2,
		.ratio = 0.1f,
		.exact = 2.5,
		.state = 2,
		.saddr = { 10, 1, 2, 3 },
		.daddr6 = { 0x20, 1, 0xd, 0xb8 },
		.peer = { .addr = { 192, 168, 7, 9 }, .family = AF_INET },
		.port = htons(443),
		.mac = { 2, 0, 0, 0xab, 0xcd, 1 },
		.digest = { 0xde, 0xad, 0xbe, 0xef },
		.list = { 5, 70, 900 },
		.dns = "\7example\3org",
		.letter = 'x',
		.len = 5000,
		.proto = 6,
		.nr = 0,
		.uid = 0,
		.dev = 8 << 20 | 1,
		.cpu = 9,
		.bits = 5 << 2,
		.ifindex = 1,
	};
	uint64_t wide[2] = { 7, 1 };

	v.daddr6[15] = 1;
	memcpy(v.wide, wide, sizeof(wide));
	return v;
}

static bool matches(const char *text)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;
	struct err err = { 0 };
	bool yes;

	if (filter_compile(&filter, &map, text, &err) < 0)
		fail_msg("%s: %s\n%s", text, err.msg, err.detail);
	yes = filter_match(filter, &record);
	assert_int_equal(filter_match(filter, &record), yes);
	filter_free(filter);
	return yes;
}

static void assert_all(const char *const *texts, size_t count, bool want)
{
	for (size_t i = 0; i < count; i++)
		if (matches(texts[i]) != want)
			fail_msg("%s should be %s", texts[i], want ? "true" : "false");
}

#define ASSERT_TRUE_OF(...)                                                                        \
	do {                                                                                       \
		static const char *const _t[] = { __VA_ARGS__ };                                   \
		assert_all(_t, ARRAY_LEN(_t), true);                                               \
	} while (0)
#define ASSERT_FALSE_OF(...)                                                                       \
	do {                                                                                       \
		static const char *const _t[] = { __VA_ARGS__ };                                   \
		assert_all(_t, ARRAY_LEN(_t), false);                                              \
	} while (0)

static void test_filter_compares_integers(void **state)
{
	ASSERT_TRUE_OF("small == 200", "small=200", "small != 199", "small > 199", "small >= 200",
		       "small < 201", "small <= 200", "small == 0xc8", "tiny == -3", "tiny < 0",
		       "tiny > -4", "tiny >= -3", "tiny <= -3", "pid == 4711", "src.bits == 5",
		       "src_bits == 5", "bits == 5", "small in (1, 200, 3)", "small in 200");
	ASSERT_FALSE_OF("small == 199", "small != 200", "small > 200", "small >= 201",
			"small < 200", "small <= 199", "tiny == 3", "tiny > 0", "tiny < -3",
			"pid == 4712", "src.bits == 2", "small in (1, 2)");
}

/* What an 8-bit field can never be has an order all the same. */
static void test_filter_orders_beyond_the_range(void **state)
{
	ASSERT_TRUE_OF("small < 300", "small <= 70000", "small > -1", "small >= -5",
		       "tiny < 18446744073709551615", "tiny > -200", "delta_us >= -0.5");
	ASSERT_FALSE_OF("small > 300", "small >= 256", "small < -1", "small <= -1", "tiny > 200",
			"delta_us < -9223372036854775808", "len > 1e25");
}

static void test_filter_keeps_fractions_exact(void **state)
{
	ASSERT_TRUE_OF("small > 199.5", "small < 200.5", "small >= 199.5", "small <= 200.5",
		       "tiny > -3.5", "tiny < -2.5", "delta_us > 1499999ns",
		       "delta_us >= 1499.5us");
	ASSERT_FALSE_OF("small > 200.5", "small < 199.5", "small >= 200.5", "small <= 199.5",
			"tiny > -2.5", "tiny < -3.5", "delta_us > 1500001ns");
}

static void test_filter_understands_units(void **state)
{
	ASSERT_TRUE_OF("delta_us == 1500", "delta_us == 1500us", "delta_us == 1.5ms",
		       "delta_us > 1ms", "delta_us < 1s", "delta_us < 1m30s",
		       "delta_us >= 1500000ns", "len > 4K", "len < 5KiB", "len < 1G", "small < 1K",
		       "delta_us < 1e6");
	ASSERT_FALSE_OF("delta_us > 10ms", "delta_us == 1ms", "len > 1M", "len < 4k");
}

static void test_filter_floats(void **state)
{
	ASSERT_TRUE_OF("ratio == 0.1", "ratio < 0.11", "ratio > 0", "exact == 2.5", "exact > 2",
		       "exact >= 2.5e0", "exact < 1e300", "exact != 2", "exact");
	ASSERT_FALSE_OF("ratio != 0.1", "ratio > 0.1", "exact < 2.5", "exact == 2");
}

static void test_filter_nan_is_no_number(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	static const char *const texts[] = { "exact < 1", "exact >= 1", "exact == 1",
					     "exact != 1" };

	v.exact = __builtin_nan("");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct filter *filter = NULL;

		assert_int_equal(filter_compile(&filter, &map, texts[i], NULL), 0);
		assert_int_equal(filter_match(filter, &record), i == 3);
		filter_free(filter);
	}
}

static void test_filter_text(void **state)
{
	ASSERT_TRUE_OF("comm == nginx", "comm == \"nginx\"", "comm == 'nginx'", "comm != ngin",
		       "comm in (apache, nginx)", "comm ~ \"^ng\"", "comm ~ ^ng", "comm ~ 'x$'",
		       "comm !~ old", "comm ~ \"(?i)NGINX\"", "comm ~ 'n.*n'", "comm ~ \"\\w{5}\"",
		       "dns == example.org", "dns ~ '\\.org$'", "dns != \"\"", "letter == x",
		       "letter == 'x'", "letter == 120", "letter < y");
	ASSERT_FALSE_OF("comm == \"nginx old\"", "comm == nginx2", "comm == \"\"", "comm == nginX",
			"comm ~ \"^x\"", "comm ~ old", "comm !~ nginx", "dns == example",
			"letter == y", "comm in (a, b)");
}

/* Text that a field is written as, where it is no text by itself. */
static void test_filter_regex_on_other_fields(void **state)
{
	ASSERT_TRUE_OF("saddr ~ '^10\\.1\\.'", "port ~ '^443$'", "state ~ HALF", "pid ~ '^47'",
		       "ret ~ REFUSED", "digest ~ '^dead'", "list ~ '^900$'", "peer ~ '^192'",
		       "on ~ true", "daddr6 ~ '^2001:db8::'", "mac ~ '^02:'", "src.bits ~ 5");
	ASSERT_FALSE_OF("saddr ~ '^11'", "list ~ '5,70'", "port ~ '^44$'", "src.bits ~ 20");
}

static void test_filter_quotes_and_backslashes(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	static const struct {
		const char *comm, *text;
	} cases[] = {
		{ "a\"b", "comm == \"a\\\"b\"" },
		{ "a\"b", "comm == 'a\"b'" },
		{ "a'b", "comm == 'a\\'b'" },
		{ "a\\b", "comm == \"a\\b\"" },
		{ "a\\", "comm == \"a\\\\\"" },
		{ "a\\b", "comm ~ \"^a\\\\b$\"" },
		{ "a.b", "comm ~ \"^a\\.b$\"" },
		{ "a)&&(b", "comm == \"a)&&(b\"" },
		{ "", "comm == ''" },
		{ "sixteen bytes ab", "comm == \"sixteen bytes ab\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter *filter = NULL;

		memset(v.comm, 0, sizeof(v.comm));
		memcpy(v.comm, cases[i].comm, strlen(cases[i].comm));
		assert_int_equal(filter_compile(&filter, &map, cases[i].text, NULL), 0);
		if (!filter_match(filter, &record))
			fail_msg("%s does not match %s", cases[i].text, cases[i].comm);
		filter_free(filter);
	}
}

static void test_filter_addresses(void **state)
{
	ASSERT_TRUE_OF("saddr == 10.1.2.3", "saddr in 10.0.0.0/8", "saddr == 10.1.2.0/23",
		       "saddr in (192.168.0.0/16, 10.1.2.3/32)", "saddr in 0.0.0.0/0",
		       "saddr != 10.1.2.4", "saddr == 10.255.0.0/8", "daddr6 == 2001:db8::1",
		       "daddr6 in 2001:db8::/32", "daddr6 in ::/0", "daddr6 in 2001:db8::/127",
		       "peer == 192.168.7.9", "peer in 192.168.0.0/21",
		       "peer == ::ffff:192.168.7.9", "peer != 2001:db8::1",
		       "mac == 02:00:00:ab:cd:01", "mac == 02-00-00-AB-CD-01",
		       "mac != 02:00:00:ab:cd:02", "saddr", "peer");
	ASSERT_FALSE_OF("saddr == 10.1.2.2", "saddr in 11.0.0.0/8", "saddr in 10.1.2.0/31",
			"daddr6 in 2001:db9::/32", "daddr6 == 10.0.0.1", "daddr6 in 0.0.0.0/0",
			"peer in 192.168.8.0/21", "peer in ::/0", "peer == 2001:db8::1",
			"mac == 02:00:00:ab:cd:02");
}

static void test_filter_ipv4_in_ipv6(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 172, 16, 5, 6 };

	memcpy(v.daddr6, mapped, sizeof(mapped));
	assert_int_equal(filter_compile(&filter, &map, "daddr6 in 172.16.0.0/12", NULL), 0);
	assert_true(filter_match(filter, &record));
	v.daddr6[13] = 32;
	assert_false(filter_match(filter, &record));
	filter_free(filter);
	v.peer.family = AF_INET6;
	memcpy(v.peer.addr, mapped, sizeof(mapped));
	assert_int_equal(filter_compile(&filter, &map, "peer in 172.16.0.0/12", NULL), 0);
	assert_true(filter_match(filter, &record));
	v.peer.family = 0;
	memset(v.peer.addr, 0, sizeof(v.peer.addr));
	assert_false(filter_match(filter, &record));
	filter_free(filter);
}

static void test_filter_names(void **state)
{
	ASSERT_TRUE_OF("ret == ECONNREFUSED", "ret == econnrefused", "ret != EPERM", "ret == -111",
		       "ret in (EPERM, ECONNREFUSED)", "raw_ret == EACCES", "raw_ret != EPERM",
		       "state == HALF_OPEN", "state == 2", "state != OPEN", "state > OPEN",
		       "state in (OPEN, HALF_OPEN)", "proto == tcp", "proto == TCP", "proto == 6",
		       "proto in (udp, tcp)", "port == 443", "port < 1024", "port >= 443",
		       "uid == root", "uid == 0", "dev == 8:1", "ifindex == lo", "on == true",
		       "on == yes", "on != false", "on == 1", "digest == deadbeef",
		       "digest == 0xDEADBEEF");
	ASSERT_FALSE_OF("ret == EPERM", "ret == 111", "raw_ret == ECONNREFUSED", "state == CLOSED",
			"state < OPEN", "proto == udp", "port == 444", "port == 47873",
			"uid != root", "dev == 8:2", "on == false", "digest == deadbeee");
}

static void test_filter_128_bits(void **state)
{
	ASSERT_TRUE_OF("wide > 18446744073709551615", "wide != 7", "wide", "wide >= 7");
	ASSERT_FALSE_OF("wide == 7", "wide < 18446744073709551615", "wide <= 7");
}

static void test_filter_lists_match_by_any(void **state)
{
	ASSERT_TRUE_OF("list == 5", "list == 900", "list > 800", "list < 6", "list in (1, 70)",
		       "list", "list != 6");
	ASSERT_FALSE_OF("list == 6", "list > 900", "list < 5", "list != 5", "list in (1, 2)");
}

static void test_filter_truth(void **state)
{
	ASSERT_TRUE_OF("comm", "small", "tiny", "on", "ret", "state", "dns", "letter", "digest",
		       "src.bits", "!nr", "!!small", "!uid");
	ASSERT_FALSE_OF("!comm", "nr", "uid", "!on", "!digest");
}

static void test_filter_logic(void **state)
{
	ASSERT_TRUE_OF("small == 200 && tiny == -3", "small == 1 || tiny == -3",
		       "small == 1 || tiny == 1 || comm == nginx",
		       "small == 200 || tiny == 1 && comm == no",
		       "!(small == 1) && !(tiny == 1 || comm == no)",
		       "!(small == 200 && tiny == 1)", "((((small == 200))))",
		       "small==200&&tiny==-3", "  small\t==\n200  ", "!small == 1",
		       "!(small == 1 || !(tiny == -3 && (comm == no || on)))");
	ASSERT_FALSE_OF("small == 200 && tiny == 1", "small == 1 || tiny == 1",
			"(small == 200 || tiny == 1) && comm == no", "!(small == 200)",
			"!(small == 200 || tiny == 1)", "small < 300 && small > 300",
			"!(small < 300)");
}

/* All ways through a nested expression agree with C. */
static void test_filter_logic_truth_table(void **state)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		bool a = bits & 1, b = bits & 2, c = bits & 4, d = bits & 8;
		char text[256];

		snprintf(text, sizeof(text),
			 "!(small == %d && !(small == %d)) && (small == %d || !(small == %d && "
			 "small == %d))",
			 a ? 200 : 1, b ? 200 : 1, c ? 200 : 1, d ? 200 : 1, a ? 200 : 1);
		assert_int_equal(matches(text), !(a && !b) && (c || !(d && a)));
	}
}

static void test_filter_key_and_value(void **state)
{
	ASSERT_TRUE_OF("key.cpu == 3", "value.cpu == 9", "key.pid == 4711", "value.small == 200");
	ASSERT_FALSE_OF("key.cpu == 9", "value.cpu == 3");
}

static void test_filter_and(void **state)
{
	static const char *const texts[] = { "small == 200", "tiny == -3", "comm == no" };
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *all = NULL;

	assert_true(filter_match(NULL, &record));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct filter *one = NULL;

		assert_int_equal(filter_compile(&one, &map, texts[i], NULL), 0);
		all = filter_and(all, one);
		assert_int_equal(filter_match(all, &record), i < 2);
	}
	all = filter_and(all, NULL);
	assert_false(filter_match(all, &record));
	filter_free(all);
	filter_free(NULL);
}

static void test_filter_without_a_key(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { NULL, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;

	assert_int_equal(filter_compile(&filter, &map, "pid == 4711", NULL), 0);
	assert_false(filter_match(filter, &record));
	filter_free(filter);
}

static void test_filter_regex_of_one_field(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;
	struct err err = { 0 };

	assert_int_equal(filter_compile_regex(&filter, &map, "comm", "^ng\"?", &err), 0);
	assert_true(filter_match(filter, &record));
	filter_free(filter);
	filter = NULL;
	assert_int_equal(filter_compile_regex(&filter, &map, "saddr", "^11", &err), 0);
	assert_false(filter_match(filter, &record));
	filter_free(filter);
	filter = NULL;
	assert_int_equal(filter_compile_regex(&filter, &map, "comn", "x", &err), -EINVAL);
	assert_null(filter);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_string_equal(err.hint, "did you mean 'comm'?");
	err = (struct err){ 0 };
	assert_int_equal(filter_compile_regex(&filter, &map, "comm", "ab(c", &err), -EINVAL);
	assert_string_equal(err.detail,
			    "ab(c\n    ^ regular expression: missing closing parenthesis\n");
}

/* Some 2^16 ways lead nowhere before the one that matches: that is given up on. */
static void test_filter_regex_is_bounded(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;

	memset(v.comm, 'a', sizeof(v.comm));
	assert_int_equal(filter_compile(&filter, &map, "comm ~ '^(?:(a|a)*b|a*)$'", NULL), 0);
	assert_false(filter_match(filter, &record));
	memset(v.comm + 6, 0, sizeof(v.comm) - 6);
	assert_true(filter_match(filter, &record));
	filter_free(filter);
}

/* "$" is the end and not in front of a newline. */
static void test_filter_regex_ends_at_the_end(void **state)
{
	struct value v = the_value();
	struct record record = { .map = &map, .part = { &the_key, &v }, .value_bytes = sizeof(v) };
	struct filter *filter = NULL;

	memcpy(v.comm, "nginx\n", 7);
	assert_int_equal(filter_compile(&filter, &map, "comm ~ 'x$'", NULL), 0);
	assert_false(filter_match(filter, &record));
	filter_free(filter);
}

struct bad {
	const char *text;
	int column; /* of the caret */
	const char *says, *hint;
};

static void test_filter_errors(void **state)
{
	static const struct bad cases[] = {
		{ "delta_us > 1000 && com ~ \"^ng\"", 19, "no field 'com'",
		  "did you mean 'comm'?" },
		{ "", 0, "ends where a field is due", NULL },
		{ "small ==", 8, "a value is missing", NULL },
		{ "small == 200 &&", 15, "ends where a field is due", NULL },
		{ "small == 200 tiny == 1", 13, "expected && or ||", NULL },
		{ "small == 200 and tiny == 1", 13, "expected && or ||", "&&" },
		{ "(small == 200", 0, "never closed", NULL },
		{ "small == 200)", 12, "expected && or ||", NULL },
		{ "(small == 200 tiny)", 14, "expected &&, || or )", NULL },
		{ "comm == \"abc", 8, "no closing \"", NULL },
		{ "&& small", 0, "name of a field", NULL },
		{ "small == 300", 9, "out of range: 'small' holds 0 to 255", NULL },
		{ "tiny == -129", 8, "holds -128 to 127", NULL },
		{ "small in (1, 256)", 13, "out of range", NULL },
		{ "small in (1 2)", 12, "expected ',' or ')'", NULL },
		{ "small in ()", 10, "a value is missing", NULL },
		{ "small == 1.5", 9, "whole numbers", NULL },
		{ "small == abc", 9, "not a number", "number" },
		{ "small == 1x", 9, "not a number", NULL },
		{ "small > 10ms", 8, "no unit of time", NULL },
		{ "delta_us > 10q", 11, "no duration", NULL },
		{ "delta_us == 1500ns", 12, "whole numbers of its unit", NULL },
		{ "port == 70000", 8, "holds 0 to 65535", NULL },
		{ "src.bits == 8", 12, "holds 0 to 7", NULL },
		{ "comm > 5", 7, "text, which has no order", "==" },
		{ "comm == \"longer than sixteen\"", 8, "room for 16 bytes", "cut" },
		{ "saddr == localhost", 9, "no address", NULL },
		{ "saddr == ::1", 9, "IPv4 addresses only", NULL },
		{ "saddr < 10.0.0.1", 8, "no order", "in" },
		{ "saddr in 10.0.0.0/33", 9, "no address", NULL },
		{ "mac == 02:00", 7, "no MAC address", NULL },
		{ "digest == dead", 10, "8 hexadecimal digits", NULL },
		{ "ret == ECONREFUSED", 7, "no error 'ECONREFUSED'", "ECONNREFUSED" },
		{ "ret < EPERM", 6, "no order", NULL },
		{ "state == HALFOPEN", 9, "no value 'HALFOPEN'", "HALF_OPEN" },
		{ "proto == tpc", 9, "no IP protocol 'tpc'", "tcp" },
		{ "uid == no-such-user", 7, "no user", NULL },
		{ "on == maybe", 6, "neither true nor false", NULL },
		{ "on > 0", 5, "no order", NULL },
		{ "cpu == 1", 0, "in the key and in the value", "key.cpu or value.cpu" },
		{ "key.small == 1", 0, "no field 'key.small'", NULL },
		{ "comm ~ \"a(b\"", 11, "missing closing parenthesis", NULL },
		{ "comm ~ '*'", 8, "quantifier", NULL },
		{ "comm == \"\xc3\xbc\" && nope", 15, "no field 'nope'", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter *filter = NULL;
		struct err err = { 0 };
		const char *caret;

		assert_int_equal(filter_compile(&filter, &map, cases[i].text, &err), -EINVAL);
		assert_null(filter);
		assert_int_equal(err.exit, EXIT_USAGE);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("%s: '%s' instead of '%s'", cases[i].text, err.msg, cases[i].says);
		assert_non_null(strstr(err.detail, cases[i].says));
		caret = strchr(err.detail, '\n');
		assert_non_null(caret);
		if ((int)strspn(caret + 1, " ") != cases[i].column)
			fail_msg("%s: the caret is not at %d:\n%s", cases[i].text, cases[i].column,
				 err.detail);
		if (cases[i].hint && !strstr(err.hint, cases[i].hint))
			fail_msg("%s: hint '%s'", cases[i].text, err.hint);
	}
}

static void test_filter_caret_in_a_long_expression(void **state)
{
	struct filter *filter = NULL;
	struct err err = { 0 };
	char text[2048];
	const char *caret;
	size_t len = 0;

	while (len < 1000)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "small == 200 && ");
	snprintf(text + len, sizeof(text) - len,
		 "nope == 1 && small == 200 && small == 200 && small");
	assert_int_equal(filter_compile(&filter, &map, text, &err), -EINVAL);
	caret = strchr(err.detail, '\n');
	assert_true(caret - err.detail < 100);
	assert_memory_equal(err.detail + strspn(caret + 1, " "), "nope == 1", 9);
}

static void test_filter_is_bounded(void **state)
{
	struct filter *filter = NULL;
	struct err err = { 0 };
	_cleanup_free_ char *text = xcalloc(1, FILTER_MAX_BYTES + 16);

	memset(text, '(', FILTER_MAX_BYTES);
	assert_int_equal(filter_compile(&filter, &map, text, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "nested more than 64 deep"));
	memset(text, '!', FILTER_MAX_BYTES);
	assert_int_equal(filter_compile(&filter, &map, text, NULL), -EINVAL);
	memset(text, ' ', FILTER_MAX_BYTES + 1);
	err = (struct err){ 0 };
	assert_int_equal(filter_compile(&filter, &map, text, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "longer than 4096 bytes"));
	/* Hundreds of operands side by side are no depth. */
	for (size_t i = 0; i < FILTER_MAX_BYTES / 6; i++)
		memcpy(text + 6 * i, "on && ", 7);
	memcpy(text + 6 * (FILTER_MAX_BYTES / 6), "on", 3);
	text[FILTER_MAX_BYTES] = '\0';
	assert_true(matches(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_compares_integers),
		cmocka_unit_test(test_filter_orders_beyond_the_range),
		cmocka_unit_test(test_filter_keeps_fractions_exact),
		cmocka_unit_test(test_filter_understands_units),
		cmocka_unit_test(test_filter_floats),
		cmocka_unit_test(test_filter_nan_is_no_number),
		cmocka_unit_test(test_filter_text),
		cmocka_unit_test(test_filter_regex_on_other_fields),
		cmocka_unit_test(test_filter_quotes_and_backslashes),
		cmocka_unit_test(test_filter_addresses),
		cmocka_unit_test(test_filter_ipv4_in_ipv6),
		cmocka_unit_test(test_filter_names),
		cmocka_unit_test(test_filter_128_bits),
		cmocka_unit_test(test_filter_lists_match_by_any),
		cmocka_unit_test(test_filter_truth),
		cmocka_unit_test(test_filter_logic),
		cmocka_unit_test(test_filter_logic_truth_table),
		cmocka_unit_test(test_filter_key_and_value),
		cmocka_unit_test(test_filter_and),
		cmocka_unit_test(test_filter_without_a_key),
		cmocka_unit_test(test_filter_regex_of_one_field),
		cmocka_unit_test(test_filter_regex_is_bounded),
		cmocka_unit_test(test_filter_regex_ends_at_the_end),
		cmocka_unit_test(test_filter_errors),
		cmocka_unit_test(test_filter_caret_in_a_long_expression),
		cmocka_unit_test(test_filter_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
