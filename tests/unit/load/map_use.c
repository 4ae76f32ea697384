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
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##helper)
#define STW(dst, off, src) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STDW(dst, off, src) INSN(BPF_STX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define LDDW(dst, src, off) INSN(BPF_LDX | BPF_MEM | BPF_DW, dst, src, off, 0)
#define JEQ(reg, off) INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, off, 0)
#define JA(off) INSN(BPF_JMP | BPF_JA, 0, 0, off, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct seen {
	struct stack_use uses[8];
	size_t count;
};

static void add(void *ctx, const struct stack_use *use)
{
	struct seen *seen = ctx;

	assert_true(seen->count < ARRAY_LEN(seen->uses));
	seen->uses[seen->count++] = *use;
}

static void run(const struct bpf_insn *insns, size_t count, const struct stack_use *want,
		size_t nwant)
{
	int maps[64];
	struct seen seen = { 0 };

	assert_true(count <= ARRAY_LEN(maps));
	for (size_t i = 0; i < count; i++)
		maps[i] = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) ? insns[i].imm : -1;
	stack_use_find(insns, maps, count, add, &seen);
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

static void test_stack_use_in_a_reserved_record(void **state)
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
static void test_stack_use_in_keys_and_records_of_the_frame(void **state)
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
static void test_stack_use_follows_jumps(void **state)
{
	static const struct bpf_insn insns[] = {
		MAP(2, USER),  CALL(get_stackid),
		MOV(8, 0),     JEQ(9, 2),
		MOVI(8, 0),    JA(2),
		STW(7, 12, 8), JA(1),
		STW(7, 16, 8), EXIT,
		STW(7, 20, 8), EXIT,
	};

	RUN(insns, { USER, STACK_USE_ANY, false, 12 });
}

/* Code that no compiler wrote is looked at without harm. */
static void test_stack_use_of_random_code(void **state)
{
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
		stack_use_find(insns, maps, ARRAY_LEN(insns), add, &seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_use_in_a_reserved_record),
		cmocka_unit_test(test_stack_use_in_keys_and_records_of_the_frame),
		cmocka_unit_test(test_stack_use_follows_jumps),
		cmocka_unit_test(test_stack_use_of_random_code),
	};

	return cmocka_run_group_tests_name("load_stack_use", tests, NULL, NULL);
}
