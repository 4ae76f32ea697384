// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Queries of PostgreSQL, MySQL and MariaDB on the server: each one with its text and its time, and
 * a histogram. PostgreSQL and older MySQL have USDT probes for queries, newer ones a function:
 *
 *	bombus run queries --attach '*=/usr/lib/postgresql/15/bin/postgres'
 *	bombus run queries --attach '*=/usr/sbin/mariadbd' --set min_us=100000
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/histogram.bpf.h>

#define TEXT_SHOWN 256
#define COMMAND_QUERY 3 /* of enum enum_server_command */

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only queries of at least this") = 0;
const volatile bool with_text BOMBUS_PARAM
	BOMBUS_HELP("also the queries' text, which may have data in it") = true;

enum database {
	POSTGRESQL,
	MYSQL,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ended");
	duration took BOMBUS_HELP("from begin to end");
	pid_t pid BOMBUS_HELP("process of the server");
	pid_t tid BOMBUS_HELP("thread of the server");
	enum database database BOMBUS_LABEL BOMBUS_HELP("kind of server");
	char query[TEXT_SHOWN] BOMBUS_HELP("its text, cut at 255 bytes");
};
BOMBUS_EVENTS(queries, struct event, 4 << 20) BOMBUS_HELP("queries");

struct time_key {
	enum database database BOMBUS_LABEL BOMBUS_HELP("kind of server");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(query_time, struct time_key, 256)
BOMBUS_UNIT("us") BOMBUS_HELP("time that queries take");

struct query {
	__u64 since_ns;
	char text[TEXT_SHOWN];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct query);
} running SEC(".maps") BOMBUS_HELP("queries that run, by thread id");

/* The text is read at the begin: the server may free it before the end. */
static __always_inline int begins(const char *text)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct query query = {};

	if (bombus_filtered())
		return 0;
	if (with_text)
		bpf_probe_read_user_str(query.text, sizeof(query.text), text);
	query.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&running, &tid, &query, BPF_ANY))
		bombus_lost(&queries);
	return 0;
}

static __always_inline void report(enum database database, __u64 took_ns, const struct query *query)
{
	struct event *e = bombus_reserve(&queries, sizeof(*e));
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!e)
		return;
	e->time = bpf_ktime_get_ns();
	e->took = took_ns;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->database = database;
	__builtin_memcpy(e->query, query->text, sizeof(e->query));
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int ends(enum database database)
{
	struct time_key key = { .database = database };
	__u32 tid = bpf_get_current_pid_tgid();
	struct query *query = bpf_map_lookup_elem(&running, &tid);
	__u64 took_ns;

	if (!query)
		return 0;
	took_ns = bpf_ktime_get_ns() - query->since_ns;
	if (took_ns >= min_us * 1000) {
		report(database, took_ns, query);
		bombus_histogram_observe(&query_time, &key, took_ns / 1000);
	}
	bpf_map_delete_elem(&running, &tid);
	return 0;
}

SEC("usdt/:postgresql:query__start")
int BPF_USDT(begins___postgresql, const char *text)
{
	return begins(text);
}

SEC("usdt/:mysql:query__start")
int BPF_USDT(begins___mysql_probe, const char *text)
{
	return begins(text);
}

/* dispatch_command(THD *, const COM_DATA *, enum_server_command) of MySQL 5.7 and later. */
SEC("uprobe/:_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command")
int BPF_KPROBE(begins___mysql, void *thread, const char *const *data, int command)
{
	const char *text = NULL;

	if (command != COMMAND_QUERY)
		return 0;
	bpf_probe_read_user(&text, sizeof(text), data);
	return begins(text);
}

/* dispatch_command(enum_server_command, THD *, char *packet, uint length, bool) of MariaDB. */
SEC("uprobe/:_Z16dispatch_command19enum_server_commandP3THDPcjb")
int BPF_KPROBE(begins___mariadb, int command, void *thread, const char *text)
{
	return command == COMMAND_QUERY ? begins(text) : 0;
}

SEC("usdt/:postgresql:query__done")
int ends___postgresql(struct pt_regs *ctx)
{
	return ends(POSTGRESQL);
}

SEC("usdt/:mysql:query__done")
int ends___mysql_probe(struct pt_regs *ctx)
{
	return ends(MYSQL);
}

SEC("uretprobe/:_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command")
int ends___mysql(struct pt_regs *ctx)
{
	return ends(MYSQL);
}

SEC("uretprobe/:_Z16dispatch_command19enum_server_commandP3THDPcjb")
int ends___mariadb(struct pt_regs *ctx)
{
	return ends(MYSQL);
}

char LICENSE[] SEC("license") BOMBUS_HELP("queries of PostgreSQL, MySQL and MariaDB") = "GPL";
