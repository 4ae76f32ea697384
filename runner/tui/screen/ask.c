// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/ask.h"

#include <ctype.h>
#include <stdarg.h>
#include <time.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/tui/flame/flames.h"
#include "runner/tui/screen/overlay.h"
#include "runner/tui/screen/palette.h"

#define LEAST_INTERVAL_NS 100000000ull
#define MOST_INTERVAL_NS 86400000000000ull

void screen_say(struct screen *s, bool bad, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->flash, sizeof(s->flash), fmt, ap);
	va_end(ap);
	s->flash_bad = bad;
}

static int apply_expression(struct screen *s, const char *text)
{
	struct model_why why = { 0 };
	int ret = s->asked == ACT_FILTER ? model_filter(s->model, text, &why)
					 : model_mark(s->model, text, &why);

	s->prompt.why[0] = '\0';
	if (ret < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%s", why.text);
		s->prompt.caret = why.caret;
	}
	return ret;
}

static int apply_search(struct screen *s, const char *text)
{
	s->prompt.why[0] = '\0';
	if (!s->flames || flames_search(s->flames, text, s->prompt.why, sizeof(s->prompt.why)))
		return 0;
	s->prompt.caret = 0;
	return -1;
}

static int apply_interval(struct screen *s, enum wish *ret)
{
	uint64_t ns;

	if (parse_duration_ns(s->prompt.text, &ns) < 0 || ns < LEAST_INTERVAL_NS ||
	    ns > MOST_INTERVAL_NS) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "enter a time from 100ms to 1d");
		s->prompt.caret = 0;
		return -1;
	}
	model_set_interval(s->model, ns);
	*ret = WISH_INTERVAL;
	return 0;
}

static int apply_write(struct screen *s)
{
	struct err err = { 0 };
	uint64_t rows = 0;

	if (!s->prompt.len)
		return 0;
	if (model_export(s->model, s->prompt.text, &rows, &err) < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%.250s", err.msg);
		s->prompt.caret = 0;
		return -1;
	}
	screen_say(s, false, "%llu row%s written to %s", (unsigned long long)rows,
		   rows == 1 ? "" : "s", s->prompt.text);
	return 0;
}

enum wish ask_ahead(struct screen *s, uint64_t ns)
{
	if (!s->play || s->play->over) {
		screen_say(s, false, s->play ? "the recording ends here" : "this is now");
		return WISH_NONE;
	}
	s->ahead_ns = ns;
	return WISH_AHEAD;
}

/* The time of day nearest to `latest_ns`. */
static bool parse_clock(const char *text, uint64_t latest_ns, uint64_t *ret)
{
	time_t now = (time_t)(latest_ns / 1000000000);
	unsigned h, m, sec = 0;
	struct tm tm;
	int n = 0;

	if (sscanf(text, "%2u:%2u%n:%2u%n", &h, &m, &n, &sec, &n) < 2 || text[n] || h > 23 ||
	    m > 59 || sec > 59)
		return false;
	localtime_r(&now, &tm);
	tm.tm_hour = (int)h;
	tm.tm_min = (int)m;
	tm.tm_sec = (int)sec;
	tm.tm_isdst = -1;
	*ret = (uint64_t)mktime(&tm) * 1000000000;
	/* A second is over when it is shown. */
	*ret += 999999999;
	if (*ret > latest_ns + 43200000000000ull)
		*ret -= 86400000000000ull;
	return true;
}

static int apply_seek(struct screen *s, enum wish *ret)
{
	const char *text = s->prompt.text;
	uint64_t latest_ns = model_latest(s->model), to_ns, ns;

	if (!s->prompt.len)
		return 0;
	if (parse_clock(text, latest_ns, &to_ns)) {
		/* found */
	} else if (text[0] == '-' && parse_duration_ns(text + 1, &ns) == 0) {
		to_ns = latest_ns - MIN(ns, latest_ns);
	} else if (s->play && parse_duration_ns(text, &ns) == 0) {
		to_ns = latest_ns + ns - MIN(s->play->at_ns, latest_ns + ns);
	} else {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "enter 14:02:31, -90s%s",
			 s->play ? " or 1m30s" : "");
		s->prompt.caret = 0;
		return -1;
	}
	if (to_ns > latest_ns)
		*ret = ask_ahead(s, to_ns - latest_ns);
	else if (!model_go_back(s->model, latest_ns - to_ns))
		screen_say(s, false, "no sweep yet");
	return 0;
}

static int apply_trap(struct screen *s)
{
	struct model_why why = { 0 };
	int ret = traps_set(s->traps, s->prompt.text, &why);

	if (ret < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%s", why.text);
		s->prompt.caret = why.caret;
	}
	return ret;
}

void ask_unmarked(struct screen *s)
{
	if (!model_mark_text(s->model)[0])
		screen_say(s, false, "no marks yet: & marks rows");
	else if (!model_marked(s->model))
		screen_say(s, false, "no row matches %s", model_mark_text(s->model));
}

static void say_marked(struct screen *s)
{
	uint64_t n = model_marked(s->model);

	if (n)
		screen_say(s, false, "%llu row%s marked; n and N go from one to the next",
			   (unsigned long long)n, n == 1 ? "" : "s");
	else
		ask_unmarked(s);
}

static enum wish prompt_done(struct screen *s)
{
	enum wish wish = WISH_NONE;
	int ret = 0;

	if (s->asked == ACT_INTERVAL)
		ret = apply_interval(s, &wish);
	else if (s->asked == ACT_TRAP)
		ret = apply_trap(s);
	else if (s->asked == ACT_SEEK)
		ret = apply_seek(s, &wish);
	else if (s->asked == ACT_RECORD || s->asked == ACT_SAVE)
		wish = !s->prompt.len ? WISH_NONE : s->asked == ACT_SAVE ? WISH_SAVE : WISH_RECORD;
	else if (s->asked == ACT_WRITE)
		ret = apply_write(s);
	else if (s->asked == ACT_SEARCH)
		ret = apply_search(s, s->prompt.text);
	else
		ret = apply_expression(s, s->prompt.text);
	if (ret < 0)
		return wish;
	prompt_close(&s->prompt);
	recall_add(&s->recall, s->asked, s->prompt.text);
	if (s->asked == ACT_MARK && s->prompt.len)
		say_marked(s);
	return wish;
}

void screen_refuse(struct screen *s, const char *why)
{
	s->prompt.open = true;
	snprintf(s->prompt.why, sizeof(s->prompt.why), "%.250s", why);
	s->prompt.caret = 0;
}

static bool takes_fields(const struct screen *s)
{
	return s->asked == ACT_FILTER || s->asked == ACT_MARK || s->asked == ACT_TRAP;
}

/* A filter and marks hold while they are typed. */
static void text_changed(struct screen *s)
{
	s->prompt.why[0] = '\0';
	s->chosen = 0;
	if (s->asked == ACT_FILTER || s->asked == ACT_MARK)
		apply_expression(s, s->prompt.text);
	else if (s->asked == ACT_SEARCH)
		apply_search(s, s->prompt.text);
}

/* Completes the name before the cursor as far as it is clear, and names the choices. */
static void complete_field(struct screen *s)
{
	struct prompt *p = &s->prompt;
	char common[MODEL_NAME_MAX + 1];
	size_t from = p->at;
	uint32_t n;

	while (from > 0 &&
	       (isalnum((unsigned char)p->text[from - 1]) || strchr("_.", p->text[from - 1])))
		from--;
	n = model_complete(s->model, p->text + from, p->at - from, common, p->why, sizeof(p->why));
	p->caret = from;
	if (!n) {
		snprintf(p->why, sizeof(p->why), "no field begins so");
		return;
	}
	if (n == 1)
		p->why[0] = '\0';
	prompt_complete(p, from, common);
	if (n == 1)
		text_changed(s);
}

/* The arrows: in the palette to another action, else to a text that was entered before. */
static void step_text(struct screen *s, int step)
{
	const char *text;

	if (s->asked == ACT_PALETTE) {
		s->chosen += step < 0 ? -(s->chosen > 0) : 1;
		return;
	}
	text = recall_step(&s->recall, s->asked, step, s->prompt.text);
	if (!text)
		return;
	prompt_set(&s->prompt, text);
	text_changed(s);
}

static void prompt_left(struct screen *s)
{
	if (s->asked == ACT_FILTER || s->asked == ACT_MARK)
		apply_expression(s, "");
	if (s->asked == ACT_SEARCH)
		apply_search(s, "");
	if (s->asked == ACT_PALETTE)
		overlay_close(s);
	prompt_close(&s->prompt);
}

enum wish ask_key(struct screen *s, uint32_t key, const struct binding **ret_chosen)
{
	if (key == KEY_CODE_UP || key == KEY_CODE_DOWN) {
		step_text(s, key == KEY_CODE_UP ? -1 : 1);
		return WISH_NONE;
	}
	if (key == KEY_TAB && takes_fields(s)) {
		complete_field(s);
		return WISH_NONE;
	}
	switch (prompt_key(&s->prompt, key)) {
	case PROMPT_CHANGED:
		text_changed(s);
		break;
	case PROMPT_DONE:
		if (s->asked != ACT_PALETTE)
			return prompt_done(s);
		*ret_chosen = palette_at(s->prompt.text, s->chosen);
		prompt_left(s);
		break;
	case PROMPT_LEFT:
		prompt_left(s);
		break;
	default:
		break;
	}
	return WISH_NONE;
}

/* Named by the time, so that one after the other finds room. */
void screen_name_file(const struct screen *s, char *dst, size_t room)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	snprintf(dst, room, "%.64s-%02d%02d%02d.rec", s->file_name, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
}

static void begin(struct screen *s, enum act act)
{
	s->asked = act;
	s->chosen = 0;
	recall_begin(&s->recall);
}

void ask_search(struct screen *s)
{
	begin(s, ACT_SEARCH);
	prompt_open(&s->prompt, "search (regular expression): ", flames_pattern(s->flames));
}

void ask(struct screen *s, enum act act)
{
	char text[128];
	struct model_tab tab;

	begin(s, act);
	overlay_close(s);
	model_tab(s->model, model_current(s->model), &tab);
	if (act == ACT_FILTER) {
		prompt_open(&s->prompt, "/ ", model_filter_text(s->model));
	} else if (act == ACT_MARK) {
		prompt_open(&s->prompt, "& ", model_mark_text(s->model));
	} else if (act == ACT_WRITE) {
		snprintf(text, sizeof(text), "%s.csv", tab.name);
		for (char *c = text; *c; c++)
			*c = *c == ':' ? '-' : *c;
		prompt_open(&s->prompt, "write to (.csv .json .txt): ", text);
	} else if (act == ACT_PALETTE) {
		prompt_open(&s->prompt, ": ", "");
		overlay_open(s, &view_palette);
	} else if (act == ACT_TRAP) {
		prompt_open(&s->prompt, "trap: ", traps_text(s->traps));
	} else if (act == ACT_SEEK) {
		prompt_open(&s->prompt, "go to the time: ", "");
	} else if (act == ACT_RECORD || act == ACT_SAVE) {
		screen_name_file(s, text, sizeof(text));
		prompt_open(&s->prompt,
			    act == ACT_SAVE ? "save what is in memory to: " : "record to: ", text);
	} else {
		model_interval_text(s->model, text, sizeof(text));
		prompt_open(&s->prompt, "time between sweeps: ", text);
	}
}
