// SPDX-License-Identifier: Apache-2.0
#include "runner/load/elf/map_use.h"

#include <linux/bpf.h>
#include "base/util.h"

#define REGISTERS 11
#define FRAME 10 /* the register that points behind the frame */
#define SLOT_BYTES 4
#define FRAME_BYTES 512
#define SLOTS (FRAME_BYTES / SLOT_BYTES)
#define SOMEWHERE INT32_MIN /* in a value */
#define MAX_SAVED 4096	    /* states: more jumps are not followed */

enum what {
	NOTHING, /* that is of interest */
	CONSTANT,
	MAP,
	FRAME_AT,  /* a pointer: `number` bytes from the frame's end */
	RECORD_AT, /* a pointer: `number` bytes behind the start of a value of `map` */
	IN_RECORD, /* a pointer: somewhere behind it, by a number that is not known */
	STACK_ID,
	MOMENT,
	LOADED, /* from `number` bytes behind the start of a value of `map` */
	ADDED,	/* the same, and something was added */
};

struct value {
	int32_t number, map;
	uint8_t what; /* enum what */
	bool knows_flags, is_user;
};

struct state {
	struct value regs[REGISTERS];
	struct value slots[SLOTS]; /* of the frame, the last one at its end */
};

struct walk {
	const struct bpf_insn *insns;
	const int *maps;
	size_t count, saved;
	struct state now;
	struct state **later; /* by instruction: as it was at a jump to it; NULL: not known */
	const struct map_use_ops *ops;
	void *ctx;
};

/* from_end: below zero */
static struct value *slot_at(struct walk *w, int64_t from_end)
{
	int64_t i = (FRAME_BYTES + from_end) / SLOT_BYTES;

	return from_end >= -FRAME_BYTES && i < SLOTS ? &w->now.slots[i] : NULL;
}

static void report(struct walk *w, const struct value *id, int map, bool in_key, int64_t off)
{
	struct stack_use use = { .stack_map = id->map,
				 .map = map,
				 .in_key = in_key,
				 .off_bytes = (int32_t)off,
				 .knows_flags = id->knows_flags,
				 .is_user = id->is_user };

	if (w->ops->stack && off >= 0 && off < INT32_MAX)
		w->ops->stack(w->ctx, &use);
}

static void has_habit(struct walk *w, int map, enum map_habit habit)
{
	if (w->ops->habit && map != MAP_USE_ANY)
		w->ops->habit(w->ctx, map, habit);
}

/* Whole bytes in the frame are handed over as a key or a value: which ids are in there? */
static void handed_over(struct walk *w, const struct value *pointer, int map, bool in_key)
{
	const struct value *first;

	if (pointer->what != FRAME_AT)
		return;
	first = slot_at(w, pointer->number);
	if (first && first->what == MOMENT && !in_key)
		has_habit(w, map, HABIT_MOMENT);
	for (int64_t at = pointer->number; at < 0; at += SLOT_BYTES) {
		const struct value *slot = slot_at(w, at);

		if (slot && slot->what == STACK_ID)
			report(w, slot, map, in_key, at - pointer->number);
	}
}

static int map_in(const struct walk *w, int reg)
{
	return w->now.regs[reg].what == MAP ? w->now.regs[reg].map : MAP_USE_ANY;
}

/* Registers: of the map, of the bytes (0: the call makes room for them), of their number. */
static void write_record(struct walk *w, const struct bpf_insn *insn, int map, int data, int size)
{
	const struct value *regs = w->now.regs;
	struct record_use use = { .map = map_in(w, map),
				  .insn = (size_t)(insn - w->insns),
				  .size = -1,
				  .value_map = MAP_USE_ANY };

	if (regs[size].what == CONSTANT && regs[size].number > 0)
		use.size = regs[size].number;
	if (data && regs[data].what == RECORD_AT && !regs[data].number)
		use.value_map = regs[data].map;
	if (data && regs[data].what == FRAME_AT && regs[data].number < 0)
		use.from_end = regs[data].number;
	use.appends = map == 2 && regs[3].what != CONSTANT;
	if (w->ops->record)
		w->ops->record(w->ctx, &use);
}

static void call(struct walk *w, const struct bpf_insn *insn)
{
	struct value *regs = w->now.regs, ret = { NOTHING };

	switch (insn->src_reg == 0 ? insn->imm : 0) {
	case BPF_FUNC_get_stackid:
		if (regs[2].what == MAP)
			ret = (struct value){
				.what = STACK_ID,
				.map = regs[2].map,
				.knows_flags = regs[3].what == CONSTANT,
				.is_user = regs[3].what == CONSTANT &&
					   (regs[3].number & BPF_F_USER_STACK),
			};
		break;
	case BPF_FUNC_ringbuf_reserve_dynptr:
		write_record(w, insn, 1, 0, 2);
		break;
	case BPF_FUNC_ringbuf_reserve:
		write_record(w, insn, 1, 0, 2);
		ret = (struct value){ .what = RECORD_AT, .map = map_in(w, 1) };
		break;
	case BPF_FUNC_map_lookup_elem:
		handed_over(w, &regs[2], map_in(w, 1), true);
		ret = (struct value){ .what = RECORD_AT, .map = map_in(w, 1) };
		break;
	case BPF_FUNC_map_update_elem:
		handed_over(w, &regs[2], map_in(w, 1), true);
		handed_over(w, &regs[3], map_in(w, 1), false);
		break;
	case BPF_FUNC_ringbuf_output:
		write_record(w, insn, 1, 2, 3);
		handed_over(w, &regs[2], map_in(w, 1), false);
		break;
	case BPF_FUNC_map_delete_elem:
		has_habit(w, map_in(w, 1), HABIT_DELETES);
		break;
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_tai_ns:
		ret.what = MOMENT;
		break;
	case BPF_FUNC_map_push_elem:
		handed_over(w, &regs[2], map_in(w, 1), false);
		break;
	case BPF_FUNC_perf_event_output:
	case BPF_FUNC_skb_output:
	case BPF_FUNC_xdp_output:
		write_record(w, insn, 2, 4, 5);
		handed_over(w, &regs[4], map_in(w, 2), false);
		break;
	case BPF_FUNC_seq_write:
		handed_over(w, &regs[2], MAP_USE_ANY, false);
		break;
	}
	for (int reg = 1; reg <= 5; reg++)
		regs[reg].what = NOTHING;
	regs[0] = ret;
}

/* Something goes into a value of a map. */
static void keep(struct walk *w, const struct bpf_insn *insn, const struct value *from, int map,
		 int64_t off)
{
	bool atomic = BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;

	if ((atomic && (insn->imm & ~BPF_FETCH) == BPF_ADD) ||
	    (from->what == ADDED && from->map == map && from->number == off))
		has_habit(w, map, HABIT_ADDS);
	if (from->what == MOMENT && !off)
		has_habit(w, map, HABIT_MOMENT);
}

static void store(struct walk *w, const struct bpf_insn *insn, const struct value *from)
{
	const struct value *to = &w->now.regs[insn->dst_reg];
	int64_t at = (int64_t)to->number + insn->off;
	struct value *slot;

	if (to->what == FRAME_AT) {
		slot = slot_at(w, at);
		if (slot)
			*slot = *from;
		if (slot && BPF_SIZE(insn->code) == BPF_DW && (slot = slot_at(w, at + SLOT_BYTES)))
			slot->what = NOTHING;
		return;
	}
	if (to->what == RECORD_AT || to->what == IN_RECORD)
		keep(w, insn, from, to->map, to->what == IN_RECORD ? SOMEWHERE : at);
	if (from->what == STACK_ID) {
		report(w, from, to->what == RECORD_AT ? to->map : MAP_USE_ANY, false,
		       to->what == RECORD_AT ? at : insn->off);
	}
}

static void load(struct walk *w, const struct bpf_insn *insn)
{
	const struct value *from = &w->now.regs[insn->src_reg], *slot = NULL;
	struct value nothing = { NOTHING };

	if (from->what == FRAME_AT)
		slot = slot_at(w, from->number + insn->off);
	else if (from->what == RECORD_AT || from->what == IN_RECORD)
		nothing = (struct value){
			.what = LOADED,
			.map = from->map,
			.number = from->what == IN_RECORD ? SOMEWHERE : from->number + insn->off,
		};
	w->now.regs[insn->dst_reg] = slot ? *slot : nothing;
}

static bool is_pointer(const struct value *v)
{
	return v->what == FRAME_AT || v->what == RECORD_AT;
}

/* False: the sum in dst is of no interest. */
static bool add(struct walk *w, const struct bpf_insn *insn, struct value *dst)
{
	bool constant = BPF_SRC(insn->code) == BPF_K;
	const struct value *src = &w->now.regs[insn->src_reg];

	if (constant && is_pointer(dst)) {
		dst->number = (int32_t)((uint32_t)dst->number + (uint32_t)insn->imm);
		return true;
	}
	if (!constant && dst->what != RECORD_AT && dst->what != IN_RECORD && dst->what != LOADED &&
	    (src->what == RECORD_AT || src->what == IN_RECORD || src->what == LOADED))
		*dst = *src;
	if (dst->what == RECORD_AT)
		dst->what = IN_RECORD;
	if (dst->what == LOADED)
		dst->what = ADDED;
	return dst->what == IN_RECORD || dst->what == ADDED;
}

static void compute(struct walk *w, const struct bpf_insn *insn)
{
	struct value *dst = &w->now.regs[insn->dst_reg];
	bool constant = BPF_SRC(insn->code) == BPF_K;

	switch (BPF_OP(insn->code)) {
	case BPF_MOV:
		*dst = constant ? (struct value){ .what = CONSTANT, .number = insn->imm }
				: w->now.regs[insn->src_reg];
		return;
	case BPF_ADD:
		if (add(w, insn, dst))
			return;
		break;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH: /* how an int is widened, with its sign */
		if (constant && insn->imm == 32 && dst->what == STACK_ID)
			return;
		break;
	}
	dst->what = NOTHING;
}

static bool always_jumps(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP &&
	       (BPF_OP(insn->code) == BPF_EXIT || BPF_OP(insn->code) == BPF_JA);
}

/* Code behind one that always jumps is reached from elsewhere: it begins with what was known at the
 * first jump to it. All other code begins with what is known just before it. */
static void jump(struct walk *w, size_t i)
{
	const struct bpf_insn *insn = &w->insns[i];
	bool is_exit = BPF_OP(insn->code) == BPF_EXIT;
	int64_t to = (int64_t)i + 1 + insn->off;

	if (!is_exit && insn->off > 0 && to < (int64_t)w->count && !w->later[to] &&
	    always_jumps(&w->insns[to - 1]) && w->saved < MAX_SAVED) {
		w->later[to] = xmalloc(sizeof(**w->later));
		*w->later[to] = w->now;
		w->saved++;
	}
	if (always_jumps(insn) && w->later[i + 1]) {
		w->now = *w->later[i + 1];
	} else if (is_exit) { /* another function begins */
		memset(&w->now, 0, sizeof(w->now));
		w->now.regs[FRAME].what = FRAME_AT;
	}
}

/* A map, or a constant whose upper 32 bits are 0: in flags of perf events they are a length. */
static struct value load_constant(const struct walk *w, size_t i)
{
	if (w->maps[i] >= 0)
		return (struct value){ .what = MAP, .map = w->maps[i] };
	if (i + 1 < w->count && !w->insns[i + 1].imm)
		return (struct value){ .what = CONSTANT, .number = w->insns[i].imm };
	return (struct value){ NOTHING };
}

static void step(struct walk *w, size_t i)
{
	const struct bpf_insn *insn = &w->insns[i];
	static const struct value nothing = { NOTHING };

	if (insn->dst_reg >= REGISTERS || insn->src_reg >= REGISTERS)
		return;
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		w->now.regs[insn->dst_reg] = load_constant(w, i);
		break;
	case BPF_LDX:
		load(w, insn);
		break;
	case BPF_ST:
		store(w, insn, &nothing);
		break;
	case BPF_STX:
		store(w, insn,
		      BPF_MODE(insn->code) == BPF_MEM ? &w->now.regs[insn->src_reg] : &nothing);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		compute(w, insn);
		break;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_CALL) {
			call(w, insn);
			break;
		}
		jump(w, i);
		break;
	case BPF_JMP32:
		jump(w, i);
		break;
	}
}

void map_use_find(const struct bpf_insn *insns, const int *maps, size_t count,
		  const struct map_use_ops *ops, void *ctx)
{
	struct walk w = { .insns = insns, .maps = maps, .count = count, .ops = ops, .ctx = ctx };

	w.later = xcalloc(count + 1, sizeof(*w.later));
	w.now.regs[FRAME].what = FRAME_AT;
	for (size_t i = 0; i < count; i++) {
		step(&w, i);
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW))
			i++; /* its second half */
	}
	for (size_t i = 0; i < count; i++)
		free(w.later[i]);
	free(w.later);
}
