// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_feed.h"

void feed_events(struct tui *t, uint32_t first, uint32_t count)
{
	static const char *const comms[] = { "curl", "nginx", "\x1b]0;x\a\x1b[31m", "日本語" };
	struct connlat event = a_connlat();
	struct record record = record_of(&t->f, MAP_EVENTS, &event);

	for (uint32_t i = first; i < first + count; i++) {
		memset(event.comm, 0, sizeof(event.comm));
		memcpy(event.comm, comms[i % 4], strlen(comms[i % 4]));
		event.tgid = 1000 + i;
		event.delta_us = 17ull * i * i;
		record.time_ns = FIXTURE_TIME_NS + i * 1000000ull;
		model_event(t->model, &t->f.fake.source, &record);
	}
}

void feed_latency(struct tui *t, uint64_t from, uint64_t to)
{
	for (uint64_t us = from; us < to; us += us / 4 + 1)
		for (uint64_t n = 0; n < 1 + 2000 / (us + 20); n++)
			observe(&t->f, us % 3 ? "nvme0n1" : "sda", us);
}

void feed_all(struct tui *t)
{
	struct prog_stats stats[3] = { { 0 } };
	struct map_stats map = { .entries = 12, .lost_known = true, .read = 70, .lost = 3 };

	model_stats(t->model, &t->f.fake.source, &t->f.maps[MAP_EVENTS], &map);
	model_programs(t->model, &t->f.fake.source, stats, t->now_ns);
	feed_latency(t, 1, 100);
	CONNS(t, 1000, 20, 5, 7);
	feed_events(t, 0, 40);
	model_lost(t->model, &t->f.fake.source, &t->f.maps[MAP_EVENTS], LOST_KERNEL, 3);
	feed_events(t, 40, 8);
	feed_latency(t, 20, 4000);
	CONNS(t, 1300, 182440, 5, 7);
	feed_latency(t, 90, 300);
	stats[0] = (struct prog_stats){ .runs = 24800, .run_ns = 32000000, .misses = 2 };
	CONNS(t, 1350, 182640, NONE, 7, 1);
	model_programs(t->model, &t->f.fake.source, stats, t->now_ns);
	model_log(t->model, "libbpf: prog 'tcp_close': failed to attach\nand a second line",
		  FIXTURE_TIME_NS);
}

void feed_second(struct tui *t)
{
	struct fixture *f = &t->second;
	struct prog_stats stats[1] = { { 0 } };
	struct map_stats map = { .entries = 2, .lost_known = true, .read = 30, .lost = 1 };
	struct connlat event = a_connlat();
	struct record record = record_of(f, MAP_EVENTS, &event);

	model_stats(t->model, &f->fake.source, &f->maps[MAP_EVENTS], &map);
	model_programs(t->model, &f->fake.source, stats, t->now_ns);
	tui_sweep_of(t, f);
	for (uint32_t i = 0; i < 6; i++) {
		event.tgid = 5000 + i;
		record.time_ns = FIXTURE_TIME_NS + i * 1000000ull;
		model_event(t->model, &f->fake.source, &record);
	}
	model_lost(t->model, &f->fake.source, &f->maps[MAP_EVENTS], LOST_KERNEL, 1);
	sweep_begin(f, MAP_CONNS);
	put_conn(f, 77, 30);
	put_conn(f, 78, 7);
	sweep_end(f, MAP_CONNS);
	t->now_ns += SECOND;
	tui_sweep_of(t, f);
	stats[0] = (struct prog_stats){ .runs = 1000, .run_ns = 5000000 };
	model_programs(t->model, &f->fake.source, stats, t->now_ns);
}
