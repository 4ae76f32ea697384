// SPDX-License-Identifier: Apache-2.0
/*
 * Connects model, screen and terminal. Everything runs in the sink's thread, between batches of
 * records, and nothing waits for the terminal (terminal.h). A frame is drawn after a key, and at
 * most ten times a second otherwise; without changes nothing is drawn.
 */
#include "runner/tui/tui.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/sink/slots.h"
#include "runner/tui/keep/deck.h"
#include "runner/tui/keep/habits.h"
#include "runner/tui/keep/trap.h"
#include "runner/tui/messages.h"
#include "runner/tui/screen/screen.h"
#include "runner/tui/terminal/terminal.h"

#define FRAME_NS 100000000ull
#define PROGRAMS_NS 1000000000ull
#define WHO_TIMEOUT_MS 100
#define MOST_SPEED 1024.0

/* The state of one source. */
struct feed {
	struct source *source;
	struct prog_stats *stats; /* of its programs */
	uint64_t programs_ns;
	uint64_t swept_ns, gap_ns; /* of a recording: its last sweep, and since the one before */
};

struct tui {
	struct sink sink;
	struct tui_opts opts;
	struct slots feeds; /* struct feed, by number of the source */
	struct terminal *terminal;
	struct model *model;
	struct screen screen;
	struct canvas canvas;
	struct deck deck; /* recordings */
	struct traps traps;
	uint64_t sprung_ns; /* a trap's recording is due TRAP_AROUND_NS later; 0: none */
	struct messages messages;
	bool up;		  /* the screen is shown */
	bool touched;		  /* a frame is due now */
	bool ahead;		  /* a paused recording plays on, to a moment that is shown then */
	struct source_play *play; /* of a recording */
	const struct theme *theme;
	bool over;	  /* it has ended, and the screen knows */
	uint64_t clock_s; /* as shown */
	uint64_t start_ns, drawn_ns;
	uint64_t drawn_generation;
};

static struct tui *tui_of(struct sink *sink)
{
	return container_of(sink, struct tui, sink);
}

/* --- calls of the host --- */

static const struct theme *first_theme(const struct tui *tui)
{
	const struct tui_opts *opts = &tui->opts;
	const struct theme *kept = opts->settings ? habits_theme(opts->settings) : NULL;

	return !opts->color  ? theme_find("mono")
	       : opts->theme ? theme_find(opts->theme)
	       : kept	     ? kept
			     : theme_find("default");
}

static void next_theme(struct tui *tui)
{
	tui->theme = theme_next(tui->theme->name);
	terminal_theme(tui->terminal, tui->theme);
	screen_say(&tui->screen, false, "the looks: %s", tui->theme->name);
	if (tui->opts.settings)
		settings_set(tui->opts.settings, "theme", tui->theme->name);
}

static int tui_open(struct sink *sink, struct err *err)
{
	struct tui *tui = tui_of(sink);
	struct settings *settings = tui->opts.settings;
	struct model_opts opts = {
		.history_bytes = tui->opts.history_bytes,
		.interval_ns = tui->opts.interval_ns,
		.files = tui->opts.files,
		.utf8 = terminal_utf8(),
	};
	int ret;

	if (tui_unknown_type(tui->opts.in_fd, tui->opts.out_fd)) {
		err_hint(err, "TERM=xterm-256color suits most terminals; -o table needs none");
		return err_set(err, ENOTTY, "this system does not know the terminal type '%s'",
			       getenv("TERM"));
	}
	if (!terminal_usable(tui->opts.in_fd, tui->opts.out_fd)) {
		err_hint(err, "-o table or -o json need no terminal");
		return err_set(err, ENOTTY,
			       "the live table needs a terminal, for input and output, "
			       "that can move its cursor");
	}
	ret = messages_open(&tui->messages, err);
	if (ret < 0)
		return ret;
	tui->theme = first_theme(tui);
	ret = terminal_open(&tui->terminal, tui->opts.in_fd, tui->opts.out_fd, tui->theme, err);
	if (ret < 0)
		return ret;
	terminal_watch(tui->terminal, tui->messages.bell_fd);
	tui->model = model_new(&opts);
	screen_init(&tui->screen, tui->model, opts.utf8);
	tui->traps.model = tui->model;
	tui->screen.traps = &tui->traps;
	tui->screen.command = tui->opts.command;
	if (settings)
		habits_keys(settings, &tui->screen);
	return 0;
}

static int tui_add(struct sink *sink, struct source *source, struct err *err)
{
	struct tui *tui = tui_of(sink);
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->source = source;
	feed->stats = xcalloc(source->plan->nprogs + 1, sizeof(*feed->stats));
	slots_set(&tui->feeds, source, feed);
	model_add(tui->model, source);
	if (tui->opts.settings)
		habits_columns(tui->opts.settings, tui->model);
	deck_add(&tui->deck, source);
	tui->screen.replayed |= source->recorded;
	if (source->ops->playing)
		tui->screen.play = tui->play = source->ops->playing(source);
	snprintf(tui->screen.file_name, sizeof(tui->screen.file_name), "%s",
		 tui->deck.nsources == 1 ? source->program : "bombus");
	if (tui->up) {
		messages_forget_errors(&tui->messages);
		screen_alarm(&tui->screen, false);
	}
	if (source->plan->advice)
		screen_say(&tui->screen, false, "%s%s%s", source->several ? source->program : "",
			   source->several ? ": " : "", source->plan->advice);
	return 0;
}

static void free_feed(struct feed *feed)
{
	if (feed)
		free(feed->stats);
	free(feed);
}

static void tui_remove(struct sink *sink, struct source *source)
{
	struct tui *tui = tui_of(sink);

	if (tui->opts.settings)
		habits_keep_columns(tui->opts.settings, tui->model);
	traps_remove(&tui->traps, source);
	deck_remove(&tui->deck, source);
	tui->screen.records = false;
	model_remove(tui->model, source);
	free_feed(slots_get(&tui->feeds, source));
	slots_set(&tui->feeds, source, NULL);
}

/* The sink's thread does not run yet. */
static int tui_start(struct sink *sink, struct err *err)
{
	tui_of(sink)->start_ns = now_mono_ns();
	return 0;
}

static int tui_event(struct sink *sink, struct source *source, const struct record *record)
{
	struct sink *tape = deck_sink(&tui_of(sink)->deck);

	model_event(tui_of(sink)->model, source, record);
	if (unlikely(tui_of(sink)->traps.count))
		traps_event(&tui_of(sink)->traps, source, record);
	if (unlikely(tape))
		tape->ops->event(tape, source, record);
	return 0;
}

static int tui_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		    uint64_t time_ns)
{
	struct sink *tape = deck_sink(&tui_of(sink)->deck);

	model_rows(tui_of(sink)->model, source, rows);
	if (tape)
		tape->ops->rows(tape, source, rows, time_ns);
	return 0;
}

static int tui_lost(struct sink *sink, struct source *source, const struct map_plan *map,
		    enum lost_where where, uint64_t count, uint64_t time_ns)
{
	struct sink *tape = deck_sink(&tui_of(sink)->deck);

	model_lost(tui_of(sink)->model, source, map, where, count);
	if (tape)
		tape->ops->lost(tape, source, map, where, count, time_ns);
	return 0;
}

static void feed_programs(struct tui *tui, struct feed *feed, uint64_t now_ns)
{
	struct source *source = feed->source;
	const struct plan *plan = source->plan;

	if (now_ns - feed->programs_ns < PROGRAMS_NS)
		return;
	feed->programs_ns = now_ns;
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (source_prog_stats(source, &plan->progs[i], &feed->stats[i]) < 0)
			feed->stats[i] = (struct prog_stats){ 0 };
	model_programs(tui->model, source, feed->stats, now_ns);
}

/* A recording does not hold the interval of its sweeps. Two equal gaps in a row tell it; the last
 * sweep may come at any time. */
static void guess_interval(struct tui *tui, struct feed *feed, uint64_t time_ns)
{
	uint64_t gap_ns = time_ns - feed->swept_ns;
	uint64_t unit_ns = gap_ns < 100000000 ? 1000000 : 10000000;

	gap_ns = (gap_ns + unit_ns / 2) / unit_ns * unit_ns;
	if (feed->swept_ns && gap_ns && gap_ns == feed->gap_ns &&
	    gap_ns != model_interval(tui->model))
		model_set_interval(tui->model, gap_ns);
	feed->gap_ns = gap_ns;
	feed->swept_ns = time_ns;
}

/* The seconds around the moment at which a trap sprang. */
static void record_trap(struct tui *tui)
{
	uint64_t from_ns = tui->sprung_ns - MIN(tui->sprung_ns, TRAP_AROUND_NS);
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	char path[192];

	tui->sprung_ns = 0;
	screen_name_file(&tui->screen, path, sizeof(path));
	if (deck_save(&tui->deck, tui->model, from_ns, path, &text, &err) < 0)
		screen_say(&tui->screen, true, "%s", err.msg);
	else
		screen_say(&tui->screen, false, "%s", text);
	tui->touched = true;
}

static void watch_traps(struct tui *tui, struct source *source, uint64_t time_ns)
{
	struct trap_sprung sprung;

	traps_swept(&tui->traps, source, time_ns, &sprung);
	if (sprung.actions) {
		screen_say(&tui->screen, true, "trap: %s", sprung.text);
		tui->touched = true;
	}
	if (sprung.actions & TRAP_BELL)
		terminal_bell(tui->terminal);
	if (sprung.actions & TRAP_FREEZE) {
		model_go_map(tui->model, source, sprung.map);
		model_go_back(tui->model, 0);
		model_go_row(tui->model, sprung.id);
	}
	if (sprung.actions & TRAP_RECORD && !tui->sprung_ns)
		tui->sprung_ns = time_ns;
	if (tui->sprung_ns && time_ns - tui->sprung_ns >= TRAP_AROUND_NS)
		record_trap(tui);
}

static int tui_swept(struct sink *sink, struct source *source, uint64_t time_ns)
{
	struct tui *tui = tui_of(sink);
	struct feed *feed = slots_get(&tui->feeds, source);
	struct sink *tape = deck_sink(&tui->deck);
	const struct plan *plan = source->plan;
	/* Rates of a recording are those of its own time, at any speed. */
	uint64_t now_ns = source->recorded ? time_ns : now_mono_ns();
	struct map_stats stats;

	if (source->recorded)
		guess_interval(tui, feed, time_ns);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (plan->maps[i].role == ROLE_INTERNAL)
			continue;
		stats = source_map_stats(source, &plan->maps[i]);
		model_stats(tui->model, source, &plan->maps[i], &stats);
	}
	feed_programs(tui, feed, now_ns);
	model_swept(tui->model, source, now_ns, time_ns);
	watch_traps(tui, source, time_ns);
	if (tape)
		tape->ops->swept(tape, source, time_ns);
	return 0;
}

static int tui_flush(struct sink *sink)
{
	struct sink *tape = deck_sink(&tui_of(sink)->deck);

	if (tape)
		tape->ops->flush(tape);
	return 0;
}

static int tui_fd(struct sink *sink)
{
	return terminal_fd(tui_of(sink)->terminal);
}

/* --- keys and frames --- */

static int start_screen(struct tui *tui)
{
	int ret = terminal_start(tui->terminal, tui->sink.err);

	if (ret < 0)
		return ret;
	tui->up = tui->touched = true;
	log_to(messages_log, &tui->messages);
	return 0;
}

static void set_interval(struct tui *tui)
{
	for (uint32_t i = 0; i < tui->feeds.count; i++) {
		struct feed *feed = tui->feeds.all[i];

		if (feed && feed->source->ops->set_interval)
			feed->source->ops->set_interval(feed->source, model_interval(tui->model));
	}
}

/* Begins or ends a recording, or saves one of what is in memory. */
static void record(struct tui *tui, enum wish wish)
{
	struct screen *screen = &tui->screen;
	const char *path = screen->prompt.text;
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	int ret;

	if (wish == WISH_RECORD)
		ret = deck_record(&tui->deck, path, model_latest(tui->model), &err);
	else if (wish == WISH_SAVE)
		ret = deck_save(&tui->deck, tui->model, 0, path, &text, &err);
	else
		ret = deck_stop(&tui->deck, &text, &err);
	screen->records = tui->deck.tape != NULL;
	if (ret < 0 && wish != WISH_RECORD_END)
		screen_refuse(screen, err.msg);
	else if (ret < 0)
		screen_say(screen, true, "%s", err.msg);
	else
		screen_say(screen, false, "%s", text ? text : "recording; R ends it");
}

static void set_speed(struct tui *tui, bool faster)
{
	double speed = tui->play->speed;

	if (!(speed > 0)) /* as fast as it goes */
		speed = faster ? 0 : MOST_SPEED;
	else
		speed = faster ? MIN(speed * 2, MOST_SPEED) : MAX(speed / 2, 1 / MOST_SPEED);
	tui->play->speed = speed;
}

/* A recording waits while all tabs do, except on its way to where the user wants to be. */
static void steer(struct tui *tui)
{
	struct source_play *play = tui->play;

	if (!play)
		return;
	play->paused = model_all_paused(tui->model);
	tui->touched |= play->over != tui->over;
	tui->over = play->over;
	if (!tui->ahead || (play->at_ns <= play->until_ns && !play->over))
		return;
	tui->ahead = false;
	if (play->paused)
		model_go_back(tui->model, 0);
}

static int grant(struct tui *tui, enum wish wish)
{
	struct screen *screen = &tui->screen;

	switch (wish) {
	case WISH_QUIT:
		return 1;
	case WISH_SUSPEND:
		terminal_suspend(tui->terminal);
		break;
	case WISH_REDRAW:
		terminal_redraw(tui->terminal);
		break;
	case WISH_MOUSE:
		terminal_mouse(tui->terminal, screen->mouse);
		break;
	case WISH_COPY:
		terminal_copy(tui->terminal, strbuf_str(&screen->copied), screen->copied.len);
		break;
	case WISH_INTERVAL:
		set_interval(tui);
		break;
	case WISH_THEME:
		next_theme(tui);
		break;
	case WISH_AHEAD:
		tui->play->until_ns = tui->play->at_ns + screen->ahead_ns;
		tui->ahead = true;
		break;
	case WISH_SLOWER:
	case WISH_FASTER:
		set_speed(tui, wish == WISH_FASTER);
		break;
	case WISH_RECORD:
	case WISH_RECORD_END:
	case WISH_SAVE:
		record(tui, wish);
		break;
	case WISH_NONE:
		break;
	}
	return 0;
}

static int take_events(struct tui *tui)
{
	struct terminal_event event;
	int ret = 0;

	for (;;) {
		terminal_next(tui->terminal, &event);
		if (event.kind == TERMINAL_NOTHING)
			return 0;
		tui->touched = true;
		if (event.kind == TERMINAL_LEFT)
			return -EPIPE;
		if (event.kind == TERMINAL_KEY)
			ret = grant(tui, screen_key(&tui->screen, event.key));
		else if (event.kind == TERMINAL_PASTED)
			screen_paste(&tui->screen, event.key);
		else if (event.kind == TERMINAL_CLICK)
			screen_click(&tui->screen, event.x, event.y);
		else if (event.kind == TERMINAL_WHEEL)
			screen_wheel(&tui->screen, event.rows);
		if (ret)
			return ret;
	}
}

static void draw(struct tui *tui, uint64_t now_ns)
{
	uint32_t width, height;

	terminal_size(tui->terminal, &width, &height);
	if (tui->canvas.width != width || tui->canvas.height != height)
		canvas_resize(&tui->canvas, width, height);
	/* A clock that ticks is no reason for a frame; it advances with other changes. */
	screen_draw(&tui->screen, &tui->canvas, tui->clock_s);
	if (terminal_differs(tui->terminal, &tui->canvas)) {
		tui->clock_s = (tui->play ? tui->play->at_ns : now_ns - tui->start_ns) / 1000000000;
		screen_draw_clock(&tui->screen, &tui->canvas, tui->clock_s);
		terminal_show(tui->terminal, &tui->canvas);
	}
	tui->drawn_generation = model_generation(tui->model);
	tui->drawn_ns = now_ns;
	tui->touched = false;
}

static bool has_news(const struct tui *tui)
{
	return tui->touched || model_generation(tui->model) != tui->drawn_generation;
}

static int tui_work(struct sink *sink, int *timeout_ms)
{
	struct tui *tui = tui_of(sink);
	uint64_t now_ns, due_ns, wait_ns;
	int ret = 0;

	if (!tui->up)
		ret = start_screen(tui);
	if (!ret && messages_take(&tui->messages, tui->model))
		screen_alarm(&tui->screen, true);
	if (!ret)
		ret = take_events(tui);
	if (ret)
		return ret;
	steer(tui);
	/* Answers of the helper that finds names ring no bell. */
	if (tui->screen.who)
		*timeout_ms = WHO_TIMEOUT_MS;
	terminal_flush(tui->terminal);
	now_ns = now_mono_ns();
	if (!has_news(tui))
		return 0;
	if (!terminal_ready(tui->terminal, now_ns, &wait_ns)) {
		if (wait_ns)
			*timeout_ms = (int)(wait_ns / 1000000) + 1;
		return 0; /* the next event wakes this thread */
	}
	due_ns = tui->touched ? now_ns : tui->drawn_ns + FRAME_NS;
	if (now_ns >= due_ns)
		draw(tui, now_ns);
	else
		*timeout_ms = (int)((due_ns - now_ns) / 1000000) + 1;
	return 0;
}

static void keep_settings(struct tui *tui)
{
	struct settings *settings = tui->opts.settings;
	struct err err = { 0 };

	if (!settings)
		return;
	habits_keep_columns(settings, tui->model);
	if (settings_write(settings, tui->opts.files, &err) < 0)
		log_warn("the settings are not kept: %s", err.msg);
}

static void tui_close(struct sink *sink)
{
	struct tui *tui = tui_of(sink);

	if (!tui->up)
		return;
	tui->up = false;
	log_to(NULL, NULL);
	terminal_stop(tui->terminal);
	deck_release(&tui->deck);
	messages_print(&tui->messages);
	keep_settings(tui);
}

static void tui_free(struct sink *sink)
{
	struct tui *tui = tui_of(sink);

	deck_release(&tui->deck);
	terminal_free(tui->terminal);
	screen_release(&tui->screen);
	traps_release(&tui->traps);
	settings_free(tui->opts.settings);
	model_free(tui->model);
	canvas_release(&tui->canvas);
	messages_release(&tui->messages);
	for (uint32_t i = 0; i < tui->feeds.count; i++)
		free_feed(tui->feeds.all[i]);
	slots_release(&tui->feeds);
	free(tui);
}

static const struct sink_ops tui_ops = {
	.name = "tui",
	.stays = true,
	.open = tui_open,
	.add = tui_add,
	.remove = tui_remove,
	.start = tui_start,
	.event = tui_event,
	.rows = tui_rows,
	.lost = tui_lost,
	.swept = tui_swept,
	.flush = tui_flush,
	.work = tui_work,
	.fd = tui_fd,
	.close = tui_close,
	.free = tui_free,
};

bool tui_usable(int in_fd, int out_fd)
{
	pid_t front = tcgetpgrp(in_fd); /* 0 or below: no job control */

	return terminal_usable(in_fd, out_fd) && (front <= 0 || front == getpgrp());
}

const char *tui_unknown_type(int in_fd, int out_fd)
{
	const char *type = getenv("TERM");

	if (!type || !*type || !isatty(in_fd) || !isatty(out_fd) || !terminal_unknown(type))
		return NULL;
	return type;
}

struct sink *sink_tui_new(const struct tui_opts *opts)
{
	struct tui *tui = xcalloc(1, sizeof(*tui));

	tui->sink.ops = &tui_ops;
	tui->opts = *opts;
	tui->deck.opts = (struct tape_opts){ .files = opts->files,
					     .images = opts->images,
					     .nimages = opts->nimages };
	messages_init(&tui->messages);
	return &tui->sink;
}
