// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The BPF programs, maps and links that the kernel has now, each with the process that holds a
 * descriptor of it, and the cost of the programs: how often and how long they run. If several
 * processes hold an object, the first is shown. An object that only a pin or an attachment holds
 * has no owner.
 *
 * The kernel counts runs only while a process requests it; bombus does so for this program.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define NAME_LEN 16
#define MAX_CPUS 8192

BOMBUS_OWNER_FILTERS;

struct owner {
	__u64 cgroup;
	pid_t pid;
	char comm[BOMBUS_COMM_LEN];
};

/* By the address of the program, map or link. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps") BOMBUS_HELP("processes that hold a program, map or link");

struct prog_key {
	__u32 id BOMBUS_LABEL BOMBUS_HELP("number of the program");
	enum bpf_prog_type type BOMBUS_LABEL BOMBUS_HELP("type");
	char name[NAME_LEN] BOMBUS_LABEL BOMBUS_HELP("name");
	pid_t pid BOMBUS_LABEL BOMBUS_HELP("process that holds it, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
};

struct prog_cost {
	__u64 runs BOMBUS_COUNTER BOMBUS_HELP("how often it ran");
	__u64 run_time BOMBUS_UNIT("ns") BOMBUS_COUNTER BOMBUS_HELP("how long it ran");
	__u64 missed BOMBUS_COUNTER BOMBUS_HELP("runs that were left out, as it ran already");
	__u32 instructions BOMBUS_GAUGE BOMBUS_HELP("instructions that it has");
	__u32 unused BOMBUS_HIDE;
	__u64 seen_ns BOMBUS_HIDE BOMBUS_HELP("when it was there");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct prog_key);
	__type(value, struct prog_cost);
} bpf_program SEC(".maps.counter") BOMBUS_HELP("programs that the kernel has");
BOMBUS_LOST(bpf_program);

struct map_row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	__u32 id BOMBUS_HELP("number of the map");
	enum bpf_map_type type BOMBUS_LABEL BOMBUS_HELP("type");
	char name[NAME_LEN] BOMBUS_LABEL BOMBUS_HELP("name");
	pid_t pid BOMBUS_HELP("process that holds it, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	__u32 key_size BOMBUS_UNIT("bytes") BOMBUS_HELP("size of a key");
	__u32 value_size BOMBUS_UNIT("bytes") BOMBUS_HELP("size of a value");
	__u32 max_entries BOMBUS_HELP("entries that it can have");
	bool frozen BOMBUS_HELP("processes cannot change it any more");
};
BOMBUS_ITER(bpf_maps, struct map_row);

struct link_row {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was looked at");
	__u32 id BOMBUS_HELP("number of the link");
	enum bpf_link_type type BOMBUS_LABEL BOMBUS_HELP("type");
	__u32 prog_id BOMBUS_HELP("program that it attaches");
	char prog[NAME_LEN] BOMBUS_LABEL BOMBUS_HELP("name of that");
	pid_t pid BOMBUS_HELP("process that holds it, 0: none");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
};
BOMBUS_ITER(bpf_links, struct link_row);

/* "bpf-prog", "bpf-map", "bpf_link": the files are known by the name that each kind has. */
static __always_inline bool is_bpf(const struct file *file)
{
	char name[4] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return name[0] == 'b' && name[1] == 'p' && name[2] == 'f' &&
	       (name[3] == '-' || name[3] == '_');
}

static __always_inline bool is_anonymous(const struct file *file)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(file, f_inode, i_sb, s_type, name));
	return name[0] == 'a' && name[1] == 'n' && name[2] == 'o' && name[3] == 'n' &&
	       name[4] == '_';
}

SEC("iter/task_file")
BOMBUS_AT_SWEEP
int find_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct owner owner = {};
	__u64 what;

	if (!task || !file || !is_anonymous(file) || !is_bpf(file))
		return 0;
	what = (__u64)file->private_data;
	owner.cgroup = bombus_task_cgroup(task);
	owner.pid = task->tgid;
	bpf_core_read_str(owner.comm, sizeof(owner.comm), &task->comm);
	bpf_map_update_elem(&owners, &what, &owner, BPF_NOEXIST);
	return 0;
}

/* Takes it out, since it may have another one at the next sweep. False: the filters are against it.
 */
static __always_inline bool take_owner(const void *what, pid_t *pid, char comm[BOMBUS_COMM_LEN])
{
	__u64 id = (__u64)what;
	struct owner *known = bpf_map_lookup_elem(&owners, &id), owner = {};

	if (known) {
		owner = *known;
		bpf_map_delete_elem(&owners, &id);
	}
	*pid = owner.pid;
	__builtin_memcpy(comm, owner.comm, BOMBUS_COMM_LEN);
	return !bombus_owner_filtered(owner.pid, owner.cgroup);
}

/*
 * Where the per-CPU variables of a CPU are: the kernel's own table of that is not always to be had,
 * but a per-CPU map is such a variable, whose address it has in both forms.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} known SEC(".maps") BOMBUS_HELP("a variable of each CPU");

/* The verifier does not let a program calculate with addresses of its maps; with numbers it does.
 */
static __always_inline unsigned long as_number(const void *pointer)
{
	unsigned long number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/* What is to be added to the address of a per-CPU variable; false: there is no such CPU. */
static __always_inline bool offset_of_cpu(__u32 cpu, unsigned long *ret)
{
	const struct bpf_array *array = (const struct bpf_array *)as_number(&known);
	__u32 zero = 0;
	const void *here = bpf_map_lookup_percpu_elem(&known, &zero, cpu);

	if (!here)
		return false;
	*ret = as_number(here) - (unsigned long)BPF_CORE_READ(array, pptrs[0]);
	return true;
}

struct adding {
	unsigned long stats;
	__u64 runs, time, missed;
};

static long add_cpu(__u32 cpu, struct adding *adding)
{
	const struct bpf_prog_stats *stats;
	unsigned long offset;

	if (!offset_of_cpu(cpu, &offset))
		return 1;
	stats = (const struct bpf_prog_stats *)(adding->stats + offset);
	adding->runs += BPF_CORE_READ(stats, cnt.v.a.a.counter);
	adding->time += BPF_CORE_READ(stats, nsecs.v.a.a.counter);
	adding->missed += BPF_CORE_READ(stats, misses.v.a.a.counter);
	return 0;
}

/* When the last walk began. */
__u64 walk_ns;

SEC("iter/bpf_prog")
BOMBUS_AT_SWEEP
BOMBUS_STATISTICS
int count_progs(struct bpf_iter__bpf_prog *ctx)
{
	struct bpf_prog *prog = ctx->prog;
	struct adding adding = {};
	struct prog_cost cost = {};
	struct prog_key key = {};

	if (ctx->meta->seq_num == 0)
		walk_ns = bpf_ktime_get_ns();
	if (!prog)
		return 0;
	key.id = prog->aux->id;
	key.type = prog->type;
	bpf_core_read_str(key.name, sizeof(key.name), &prog->aux->name);
	if (!take_owner(prog, &key.pid, key.comm))
		return 0;
	adding.stats = as_number(prog->stats);
	bpf_loop(MAX_CPUS, add_cpu, &adding, 0);
	cost.runs = adding.runs;
	cost.run_time = adding.time;
	cost.missed = adding.missed;
	cost.instructions = prog->len;
	cost.seen_ns = bpf_ktime_get_ns();
	bombus_update(&bpf_program, &key, &cost, BPF_ANY);
	return 0;
}

/* Those that are gone: the last walk did not see them. */
SEC("iter/bpf_map_elem")
BOMBUS_AT_SWEEP
BOMBUS_OVER("bpf_program")
int drop_gone(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct prog_cost *cost = ctx->value;
	const struct prog_key *there = ctx->key;
	struct prog_key key;

	if (!cost || !there || cost->seen_ns >= walk_ns)
		return 0;
	key = *there;
	bpf_map_delete_elem(&bpf_program, &key);
	return 0;
}

SEC("iter/bpf_map")
int bpf_maps(struct bpf_iter__bpf_map *ctx)
{
	struct bpf_map *map = ctx->map;
	struct map_row row = {};

	if (!map)
		return 0;
	row.time = bpf_ktime_get_ns();
	row.id = map->id;
	row.type = map->map_type;
	bpf_core_read_str(row.name, sizeof(row.name), &map->name);
	if (!take_owner(map, &row.pid, row.comm))
		return 0;
	row.key_size = map->key_size;
	row.value_size = map->value_size;
	row.max_entries = map->max_entries;
	row.frozen = BPF_CORE_READ(map, frozen);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

SEC("iter/bpf_link")
int bpf_links(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;
	struct link_row row = {};
	const struct bpf_prog *prog;

	if (!link)
		return 0;
	prog = BPF_CORE_READ(link, prog);
	row.time = bpf_ktime_get_ns();
	row.id = link->id;
	row.type = link->type;
	if (prog) {
		row.prog_id = BPF_CORE_READ(prog, aux, id);
		BPF_CORE_READ_STR_INTO(&row.prog, prog, aux, name);
	}
	if (!take_owner(link, &row.pid, row.comm))
		return 0;
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("BPF programs, maps and links, with their owners and their cost") = "GPL";
