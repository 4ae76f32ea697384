// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include "base/util.h"
#include "runner/load/elf/map_use.h"

#define KERNEL 0 /* numbers of maps */
#define USER 1
#define EVENTS 2
#define COUNTS 3

#define INSN(op, dst, src, offset, number)                                                         \
	{                                                                                          \
		.code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (number) \
	}
#define MOV(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define MOVI(dst, n) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, n)
#define ADD(dst, n) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, n)
#define LSH(dst) INSN(BPF_ALU64 | BPF_LSH | BPF_K, dst, 0, 0, 32)
#define ARSH(dst) INSN(BPF_ALU64 | BPF_ARSH | BPF_K, dst, 0, 0, 32)
/* The map's number stands in imm, and read_maps() takes it from there. */
#define MAP(dst, map) INSN(BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, map), INSN(0, 0, 0, 0, 0)
/* BPF_F_CURRENT_CPU, as compilers load it. */
#define FLAGS(dst) INSN(BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, -1), INSN(0, 0, 0, 0, 0)
/* The same, and 64 bytes of a packet behind the record. */
#define FLAGS_AND_PACKET(dst) INSN(BPF_LD | BPF_IMM | BPF_DW, dst, 0, 0, -1), INSN(0, 0, 0, 0, 64)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##helper)
#define STW(dst, off, src) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STDW(dst, off, src) INSN(BPF_STX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define ADDX(dst, src) INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define XADD(dst, off, src) INSN(BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, off, BPF_ADD)
#define LDDW(dst, src, off) INSN(BPF_LDX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define JEQ(reg, off) INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, off, 0)
#define JA(off) INSN(BPF_JMP | BPF_JA, 0, 0, off, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct seen {
	struct stack_use uses[8];
	size_t count;
	struct record_use records[8];
	size_t nrecords;
	uint8_t habits[8]; /* by map */
};

static void add(void *ctx, const struct stack_use *use)
{
	struct seen *seen = ctx;

	seen->uses[seen->count++ % ARRAY_LEN(seen->uses)] = *use;
}

static void add_record(void *ctx, const struct record_use *use)
{
	struct seen *seen = ctx;

	seen->records[seen->nrecords++ % ARRAY_LEN(seen->records)] = *use;
}

static void add_habit(void *ctx, int map, enum map_habit habit)
{
	struct seen *seen = ctx;

	seen->habits[map] |= habit;
}

static struct seen look(const struct bpf_insn *insns, size_t count)
{
	static const struct map_use_ops ops = { add, add_record, add_habit };
	struct seen seen = { 0 };
	int maps[64];

	assert_true(count <= ARRAY_LEN(maps));
	for (size_t i = 0; i < count; i++)
		maps[i] = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].imm >= 0
				  ? insns[i].imm
				  : -1;
	map_use_find(insns, maps, count, &ops, &seen);
	return seen;
}

static void run(const struct bpf_insn *insns, size_t count, const struct stack_use *want,
		size_t nwant)
{
	struct seen seen = look(insns, count);

	assert_int_equal(seen.count, nwant);
	for (size_t i = 0; i < nwant; i++) {
		assert_int_equal(seen.uses[i].stack_map, want[i].stack_map);
		assert_int_equal(seen.uses[i].map, want[i].map);
		assert_int_equal(seen.uses[i].in_key, want[i].in_key);
		assert_int_equal(seen.uses[i].off_bytes, want[i].off_bytes);
		assert_int_equal(seen.uses[i].is_user, want[i].is_user);
		assert_int_equal(seen.uses[i].knows_flags, want[i].knows_flags);
	}
}

#define RUN(insns, ...)                                                                            \
	do {                                                                                       \
		const struct stack_use want[] = { __VA_ARGS__ };                                   \
		run(insns, ARRAY_LEN(insns), want, ARRAY_LEN(want));                               \
	} while (0)

static void test_map_use_of_stacks_in_a_reserved_record(void **state)
{
	static const struct bpf_insn insns[] = {
		MOV(6, 1),
		MAP(1, EVENTS),
		CALL(ringbuf_reserve),
		JEQ(0, 17),
		MOV(7, 0),
		MOV(1, 6),
		MAP(2, KERNEL),
		MOVI(3, 0),
		CALL(get_stackid),
		STW(7, 4, 0),
		MOV(1, 6),
		MAP(2, USER),
		MOVI(3, BPF_F_USER_STACK),
		CALL(get_stackid),
		LSH(0),
		ARSH(0),
		ADD(7, 8),
		STDW(7, 8, 0),
		EXIT,
	};

	RUN(insns, { KERNEL, EVENTS, false, 4, true, false },
	    { USER, EVENTS, false, 16, true, true });
}

/* In the frame first, between other things, then handed over. */
static void test_map_use_of_stacks_in_keys_and_records_of_the_frame(void **state)
{
	static const struct bpf_insn insns[] = {
		MAP(2, KERNEL),
		CALL(get_stackid),
		STDW(10, -8, 0), /* put aside */
		MAP(2, USER),
		CALL(get_stackid),
		STW(10, -24, 0),
		LDDW(1, 10, -8),
		STW(10, -28, 1),
		MAP(1, COUNTS),
		MOV(2, 10),
		ADD(2, -32),
		CALL(map_lookup_elem),
		MAP(2, EVENTS),
		MOV(4, 10),
		ADD(4, -28),
		CALL(perf_event_output),
		EXIT,
	};

	RUN(insns, { KERNEL, COUNTS, true, 4 }, { USER, COUNTS, true, 8 },
	    { KERNEL, COUNTS, true, 24 }, { KERNEL, EVENTS, false, 0 }, { USER, EVENTS, false, 4 },
	    { KERNEL, EVENTS, false, 20 });
}

/* Behind a jump that is always taken stands what is reached from elsewhere. */
static void test_map_use_follows_jumps(void **state)
{
	static const struct bpf_insn insns[] = {
		MAP(2, USER),  CALL(get_stackid),
		MOV(8, 0),     JEQ(9, 2),
		MOVI(8, 0),    JA(2),
		STW(7, 12, 8), JA(1),
		STW(7, 16, 8), EXIT,
		STW(7, 20, 8), EXIT,
	};

	RUN(insns, { USER, MAP_USE_ANY, false, 12 });
}

/* Sizes and places of records: in the buffer, in the frame, in a value of another map. */
static void test_map_use_of_records(void **state)
{
	static const struct bpf_insn insns[] = {
		MOVI(8, 24),
		MAP(1, EVENTS),
		MOV(2, 8),
		CALL(ringbuf_reserve),
		MAP(2, EVENTS),
		MOV(3, 9),
		MOV(4, 10),
		ADD(4, -40),
		MOVI(5, 40),
		CALL(perf_event_output),
		MAP(2, EVENTS),
		FLAGS(3),
		CALL(perf_event_output),
		MAP(2, EVENTS),
		FLAGS_AND_PACKET(3),
		CALL(perf_event_output),
		MAP(1, COUNTS),
		CALL(map_lookup_elem),
		MOV(6, 0),
		MAP(1, EVENTS),
		MOV(2, 6),
		MOV(3, 9),
		CALL(ringbuf_output),
		CALL(ringbuf_output),
		EXIT,
	};
	static const struct record_use want[] = {
		{ EVENTS, 4, 24, MAP_USE_ANY, 0 },
		{ EVENTS, 11, 40, MAP_USE_ANY, -40, true },
		{ EVENTS, 16, -1, MAP_USE_ANY, 0, false },
		{ EVENTS, 21, -1, MAP_USE_ANY, 0, true },
		{ EVENTS, 30, -1, COUNTS, 0, false },
		{ MAP_USE_ANY, 31, -1, MAP_USE_ANY, 0, false },
	};
	struct seen seen = look(insns, ARRAY_LEN(insns));

	assert_int_equal(seen.nrecords, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(seen.records[i].map, want[i].map);
		assert_int_equal(seen.records[i].insn, want[i].insn);
		assert_int_equal(seen.records[i].size, want[i].size);
		assert_int_equal(seen.records[i].value_map, want[i].value_map);
		assert_int_equal(seen.records[i].from_end, want[i].from_end);
		assert_int_equal(seen.records[i].appends, want[i].appends);
	}
}

/* What is added to, atomically or not and at a place that is not known; times; what is deleted. */
static void test_map_use_of_values(void **state)
{
	static const struct {
		struct bpf_insn insns[12];
		uint8_t habits;
	} cases[] = {
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), MOVI(1, 1), XADD(0, 8, 1), EXIT },
		  HABIT_ADDS },
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), LDDW(1, 0, 8), ADD(1, 1), STDW(0, 8, 1),
		    EXIT },
		  HABIT_ADDS },
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), LDDW(2, 0, 8), MOV(1, 9), ADDX(1, 2),
		    STDW(0, 8, 1), EXIT },
		  HABIT_ADDS },
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), MOV(6, 0), ADDX(6, 7), LDDW(1, 6, 0),
		    ADD(1, 1), STDW(6, 0, 1), EXIT },
		  HABIT_ADDS },
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), LDDW(1, 0, 8), ADD(1, 1), STDW(0, 16, 1),
		    EXIT },
		  0 },
		{ { MAP(1, COUNTS), CALL(map_lookup_elem), LDDW(1, 0, 8), STDW(0, 8, 1), EXIT },
		  0 },
		{ { CALL(ktime_get_ns), STDW(10, -8, 0), MAP(1, COUNTS), MOV(3, 10), ADD(3, -8),
		    CALL(map_update_elem), EXIT },
		  HABIT_MOMENT },
		{ { CALL(ktime_get_ns), STDW(10, -8, 0), MAP(1, COUNTS), MOV(2, 10), ADD(2, -8),
		    CALL(map_update_elem), EXIT },
		  0 },
		{ { MAP(1, COUNTS), MOV(2, 10), ADD(2, -8), CALL(map_delete_elem), EXIT },
		  HABIT_DELETES },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct seen seen = look(cases[i].insns, ARRAY_LEN(cases[i].insns));

		if (seen.habits[COUNTS] != cases[i].habits)
			fail_msg("case %zu: %u", i, seen.habits[COUNTS]);
	}
}

/* Code that no compiler wrote is looked at without harm. */
static void test_map_use_of_random_code(void **state)
{
	static const struct map_use_ops ops = { add, add_record, add_habit };
	struct bpf_insn insns[64];
	struct seen seen;
	int maps[64];

	srand(7);
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < ARRAY_LEN(insns); i++) {
			uint64_t bits =
				(uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();

			memcpy(&insns[i], &bits, sizeof(bits));
			maps[i] = rand() % 6 - 1;
		}
		memset(&seen, 0, sizeof(seen));
		map_use_find(insns, maps, ARRAY_LEN(insns), &ops, &seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_use_of_stacks_in_a_reserved_record),
		cmocka_unit_test(test_map_use_of_stacks_in_keys_and_records_of_the_frame),
		cmocka_unit_test(test_map_use_follows_jumps),
		cmocka_unit_test(test_map_use_of_records),
		cmocka_unit_test(test_map_use_of_values),
		cmocka_unit_test(test_map_use_of_random_code),
	};

	return cmocka_run_group_tests_name("load_map_use", tests, NULL, NULL);
}
