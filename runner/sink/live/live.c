// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/live/live.h"

#include <inttypes.h>
#include "base/bell.h"
#include "base/figures.h"
#include "base/util.h"
#include "runner/sink/live/describe.h"
#include "runner/sink/live/feed.h"
#include "runner/sink/live/live_pages.h"
#include "runner/sink/out.h"
#include "runner/sink/print/json_shape.h"
#include "runner/sink/slots.h"
#include "runner/sink/stream.h"

/* A part of the memory limit: a third is for the ring, the rest for a beginning. */
#define ROOM_BYTES (24u << 20)
#define TAIL_BYTES (256u << 10) /* of the last records of a map */
#define TAIL_RECORDS 1000u	/* of them in a beginning */
#define BLOCK_ROWS 256u
#define BLOCK_BYTES (128u << 10)
#define EVENT_BYTES (64u << 20) /* a limit against mistakes: 64 KiB are usual */
#define WHY_MAX 512

#define NS_PER_MS 1000000ull
#define PACE_NS (50 * NS_PER_MS)      /* between two events with data, unless there is much */
#define BEGIN_NS (200 * NS_PER_MS)    /* between two beginnings */
#define STATE_NS (900 * NS_PER_MS)    /* between two states of a program */
#define SILENCE_NS (5000 * NS_PER_MS) /* then a comment keeps connections alive */

struct live_source {
	struct source *source;
	struct stream **tails; /* by map index; NULL: no records */
	uint64_t time_ns;  /* of the last sweep, or of the last record of a recording; 0: none */
	uint64_t state_ns; /* monotonic time of the last state */
	uint64_t room;	   /* its part of live->room */
};

struct live {
	struct feed *feed;
	const struct prometheus_hooks *hooks;
	struct figures *figures; /* borrowed */
	int bell_fd;
	struct sink *json; /* encodes */
	struct out *out;   /* its output; take_lines() gets it */
	struct slots sources;
	struct strbuf text; /* the event under construction */
	bool begins;	    /* events go into a beginning */
	uint64_t room;	    /* of all texts */
	size_t begun_bytes; /* of the beginning, so far */
	uint64_t begun_ns, put_ns, now_ns;
};

/* --- figures ---------------------------------------------------------------------------------- */

static bool get_viewers(const void *of, struct figure_value *ret)
{
	return figure_count(ret, feed_stats(((const struct live *)of)->feed).viewers);
}

static bool get_skipped(const void *of, struct figure_value *ret)
{
	return figure_count(ret, feed_stats(((const struct live *)of)->feed).skipped);
}

static const struct own_figure figure_rows[] = {
	{ "bombus_page_viewers", "Viewers of the page at the moment.", "", FIGURE_GAUGE,
	  get_viewers },
	{ "bombus_page_skipped_lines_total",
	  "Lines that viewers of the page missed because they were too slow.", "", FIGURE_COUNTER,
	  get_skipped },
};

static const struct figure_table live_figures = { figure_rows, ARRAY_LEN(figure_rows), FIGURES_PAGE,
						  NULL };

/* --- events ----------------------------------------------------------------------------------- */

static void put(struct live *live, const char *text, size_t len, uint64_t lines)
{
	if (live->begins) {
		feed_put_beginning(live->feed, text, len);
		live->begun_bytes += len;
		return;
	}
	feed_put(live->feed, text, len, lines);
	live->put_ns = live->now_ns;
}

/* Makes one event of the lines that the encoder wrote. */
static int take_lines(void *ctx, const char *bytes, size_t len)
{
	struct live *live = ctx;
	const char *end = bytes + len, *line_end;
	uint64_t lines = 0;

	if (!feed_is_watched(live->feed))
		return 0;
	strbuf_reset(&live->text);
	strbuf_adds(&live->text, "event: data\n");
	for (; bytes < end && (line_end = memchr(bytes, '\n', end - bytes)); bytes = line_end + 1) {
		strbuf_adds(&live->text, "data: ");
		strbuf_add(&live->text, bytes, line_end + 1 - bytes);
		lines++;
	}
	strbuf_addc(&live->text, '\n');
	put(live, live->text.buf, live->text.len, lines);
	return 0;
}

/* Begins an event of one line, after all lines that are encoded so far. */
static struct strbuf *begin_event(struct live *live, const char *name)
{
	out_flush(live->out);
	strbuf_reset(&live->text);
	strbuf_addf(&live->text, "event: %s\ndata: ", name);
	return &live->text;
}

static void end_event(struct live *live)
{
	strbuf_adds(&live->text, "\n\n");
	put(live, live->text.buf, live->text.len, 0);
}

static void put_programs(struct live *live)
{
	struct strbuf *sb = begin_event(live, "programs");
	bool first = true;

	strbuf_adds(sb, "{\"version\":\"" BOMBUS_VERSION "\",\"programs\":[");
	for (uint32_t i = 0; i < live->sources.count; i++) {
		const struct live_source *ls = live->sources.all[i];

		if (!ls)
			continue;
		if (!first)
			strbuf_addc(sb, ',');
		first = false;
		describe_program(sb, ls->source);
	}
	strbuf_adds(sb, "]}");
	end_event(live);
}

static void put_state(struct live *live, struct live_source *ls)
{
	struct strbuf *sb = begin_event(live, "state");

	describe_state(sb, ls->source, ls->time_ns ? ls->time_ns : now_real_ns());
	end_event(live);
	ls->state_ns = live->now_ns;
}

/* The process knows it, including programs that could not start and have no source. */
static void put_ready(struct live *live)
{
	char why[WHY_MAX] = "";
	struct strbuf *sb;
	bool ready;

	if (!live->hooks)
		return;
	ready = live->hooks->ready(live->hooks->ctx, why, sizeof(why));
	sb = begin_event(live, "ready");
	strbuf_addf(sb, "{\"ready\":%s,\"why\":", ready ? "true" : "false");
	json_add_string(sb, why, strlen(why));
	strbuf_addc(sb, '}');
	end_event(live);
}

/* --- a beginning ------------------------------------------------------------------------------ */

static void put_tail(struct live *live, struct live_source *ls, const struct stream *tail)
{
	uint64_t shown = stream_shown(tail), number, count;
	struct record record;

	for (uint64_t i = shown > TAIL_RECORDS ? shown - TAIL_RECORDS : 0; i < shown; i++)
		if (stream_at(tail, i, &record, &number, &count) == NOTE_NONE)
			live->json->ops->event(live->json, ls->source, &record);
}

/* All series of a map. Returns how many were left out. */
static uint64_t put_series(struct live *live, struct live_source *ls, const struct map_plan *map)
{
	const struct metric_plan *plan = source_metric(ls->source, map);
	uint64_t time_ns = ls->time_ns ? ls->time_ns : now_real_ns(), left_out = 0;
	struct source_walk walk;

	source_walk_init(&walk, ls->source, map, series_block_rows(plan, BLOCK_ROWS, BLOCK_BYTES));
	source_walk_begin(&walk);
	while (source_walk_next(&walk)) {
		if (live->begun_bytes > live->room / 3 * 2)
			left_out += walk.rows.count;
		else
			live->json->ops->rows(live->json, ls->source, &walk.rows, time_ns);
	}
	source_walk_release(&walk);
	return left_out;
}

static void put_source(struct live *live, struct live_source *ls)
{
	const struct plan *plan = ls->source->plan;

	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		uint64_t left_out = 0;

		if (ls->tails[i])
			put_tail(live, ls, ls->tails[i]);
		else if (map_has_series(map) && source_metric(ls->source, map))
			left_out = put_series(live, ls, map);
		if (!left_out)
			continue;
		strbuf_adds(begin_event(live, "cut"), "{\"program\":");
		json_add_string(&live->text, ls->source->program, strlen(ls->source->program));
		strbuf_adds(&live->text, ",\"map\":");
		json_add_string(&live->text, map->name, strlen(map->name));
		strbuf_addf(&live->text, ",\"rows\":%" PRIu64 "}", left_out);
		end_event(live);
	}
	put_state(live, ls);
}

static void make_beginning(struct live *live)
{
	out_flush(live->out); /* lines from before go before it */
	feed_begin(live->feed);
	live->begins = true;
	live->begun_bytes = 0;
	strbuf_adds(begin_event(live, "begin"), "{}");
	end_event(live);
	put_programs(live);
	for (uint32_t i = 0; i < live->sources.count; i++)
		if (live->sources.all[i])
			put_source(live, live->sources.all[i]);
	put_ready(live);
	strbuf_adds(begin_event(live, "begun"), "{}");
	end_event(live);
	live->begins = false;
	live->begun_ns = live->now_ns;
	feed_end(live->feed, live->now_ns);
}

/* --- the sink --------------------------------------------------------------------------------- */

static struct live_source *of(struct live *live, const struct source *source)
{
	return slots_get(&live->sources, source);
}

static void change_room(struct live *live, struct live_source *ls, uint64_t room)
{
	live->room += room - ls->room;
	ls->room = room;
	feed_limit(live->feed, live->room / 3);
}

int live_add(struct live *live, struct source *source, struct err *err)
{
	struct live_source *ls = xcalloc(1, sizeof(*ls));
	const struct plan *plan = source->plan;

	ls->source = source;
	ls->tails = xcalloc(plan->nmaps + 1, sizeof(*ls->tails));
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (map_has_records(&plan->maps[i]))
			ls->tails[i] = stream_new(&plan->maps[i], TAIL_BYTES);
	slots_set(&live->sources, source, ls);
	change_room(live, ls, source_set_aside(source, ROOM_BYTES - live->room));
	live->json->ops->add(live->json, source, err);
	if (feed_is_watched(live->feed))
		put_programs(live);
	return 0;
}

static void forget(struct live *live, struct live_source *ls)
{
	struct source *source = ls->source;

	out_flush(live->out);
	live->json->ops->remove(live->json, source);
	change_room(live, ls, 0);
	slots_set(&live->sources, source, NULL);
	for (uint32_t i = 0; i < source->plan->nmaps; i++)
		stream_free(ls->tails[i]);
	free(ls->tails);
	free(ls);
}

void live_remove(struct live *live, struct source *source)
{
	forget(live, of(live, source));
	if (feed_is_watched(live->feed))
		put_programs(live);
}

int live_event(struct live *live, struct source *source, const struct record *record)
{
	struct live_source *ls = of(live, source);

	if (source->recorded)
		ls->time_ns = record->time_ns;
	stream_put(ls->tails[record->map->index], record);
	return feed_is_watched(live->feed) ? live->json->ops->event(live->json, source, record) : 0;
}

int live_rows(struct live *live, struct source *source, const struct series_rows *rows,
	      uint64_t time_ns)
{
	of(live, source)->time_ns = time_ns;
	return feed_is_watched(live->feed)
		       ? live->json->ops->rows(live->json, source, rows, time_ns)
		       : 0;
}

int live_lost(struct live *live, struct source *source, const struct map_plan *map,
	      enum lost_where where, uint64_t count, uint64_t time_ns)
{
	return feed_is_watched(live->feed)
		       ? live->json->ops->lost(live->json, source, map, where, count, time_ns)
		       : 0;
}

int live_swept(struct live *live, struct source *source, uint64_t time_ns)
{
	struct live_source *ls = of(live, source);

	ls->time_ns = time_ns;
	if (!feed_is_watched(live->feed))
		return 0;
	live->now_ns = now_mono_ns();
	if (live->now_ns - ls->state_ns < STATE_NS)
		return 0;
	put_state(live, ls);
	put_ready(live);
	return 0;
}

int live_flush(struct live *live)
{
	live->now_ns = now_mono_ns();
	return live->now_ns - live->put_ns < PACE_NS ? 0 : out_flush(live->out);
}

static void wait_at_most(int *timeout_ms, uint64_t ns)
{
	int ms = (int)(ns / NS_PER_MS) + 1;

	if (*timeout_ms < 0 || ms < *timeout_ms)
		*timeout_ms = ms;
}

int live_work(struct live *live, int *timeout_ms)
{
	bell_answer(live->bell_fd);
	if (!feed_is_watched(live->feed))
		return 0;
	live_flush(live);
	if (feed_wants_beginning(live->feed, live->now_ns)) {
		if (live->now_ns - live->begun_ns >= BEGIN_NS)
			make_beginning(live);
		else
			wait_at_most(timeout_ms, BEGIN_NS);
	}
	if (live->now_ns - live->put_ns >= SILENCE_NS)
		put(live, ":\n\n", 3, 0);
	wait_at_most(timeout_ms, live->out->len ? PACE_NS : 1000 * NS_PER_MS);
	return 0;
}

int live_fd(const struct live *live)
{
	return live->bell_fd;
}

/* --- its life --------------------------------------------------------------------------------- */

void live_close(struct live *live)
{
	feed_close(live->feed);
}

size_t live_pages(struct live *live, struct web_page *ret, size_t max)
{
	return live_pages_of(live->feed, ret, max);
}

struct live *live_new(const struct prometheus_hooks *hooks, struct figures *figures)
{
	struct live *live = xcalloc(1, sizeof(*live));

	live->hooks = hooks;
	live->figures = figures;
	live->bell_fd = bell_new();
	live->feed = feed_new(ROOM_BYTES / 3, LIVE_VIEWERS, live->bell_fd);
	live->json = sink_json_new(-1);
	live->out = live->json->ops->out(live->json);
	out_give(live->out, take_lines, live);
	strbuf_init(&live->text, EVENT_BYTES);
	figures_add(figures, &live_figures, live);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	figures_remove(live->figures, live);
	for (uint32_t i = 0; i < live->sources.count; i++)
		if (live->sources.all[i])
			forget(live, live->sources.all[i]);
	slots_release(&live->sources);
	live->json->ops->free(live->json);
	feed_free(live->feed);
	strbuf_release(&live->text);
	close_fd(&live->bell_fd);
	free(live);
}
