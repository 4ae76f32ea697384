// SPDX-License-Identifier: Apache-2.0
#include "cmd/images/progress.h"

#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/read/text/human.h"

#define MAX_BARS 8
#define BAR_CELLS 24
/* Where a line with a bar would not fit, there is none: what wraps cannot be erased. */
#define BAR_LINE_CELLS 66
#define REDRAW_NS 100000000ull
#define SHOWN_DIGITS 12
#define DIGITS_AT 7 /* behind "sha256:" */

struct bar {
	char digits[SHOWN_DIGITS + 1];
	uint64_t done, total;
};

struct progress {
	bool quiet, terminal;
	struct bar bars[MAX_BARS];
	size_t nbars, drawn;
	uint64_t drawn_ns;
};

struct progress *progress_new(bool quiet)
{
	const char *term = getenv("TERM");
	struct progress *p = xcalloc(1, sizeof(*p));

	p->quiet = quiet;
	p->terminal = isatty(STDERR_FILENO) && term && !streq(term, "dumb");
	return p;
}

static void erase(struct progress *p)
{
	for (; p->drawn; p->drawn--)
		fputs("\033[A\r\033[K", stderr);
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	erase(p);
	free(p);
}

static bool is_narrow(void)
{
	struct winsize size = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col &&
	       size.ws_col < BAR_LINE_CELLS;
}

static void draw_bar(const struct bar *b, bool narrow)
{
	char done[HUMAN_ROOM], total[HUMAN_ROOM], cells[BAR_CELLS + 1];
	size_t full =
		b->total ? (size_t)((double)b->done / (double)b->total * BAR_CELLS) : BAR_CELLS;
	int done_len = (int)human_bytes(done, b->done),
	    total_len = (int)human_bytes(total, b->total);

	if (narrow) {
		fprintf(stderr, "%s %.*s of %.*s\n", b->digits, done_len, done, total_len, total);
		return;
	}
	memset(cells, ' ', BAR_CELLS);
	memset(cells, '=', MIN(full, (size_t)BAR_CELLS));
	cells[BAR_CELLS] = '\0';
	fprintf(stderr, "%s [%s] %.*s of %.*s\n", b->digits, cells, done_len, done, total_len,
		total);
}

static void draw(struct progress *p)
{
	uint64_t now = now_mono_ns();
	bool all = true, narrow;

	for (size_t i = 0; i < p->nbars; i++)
		all = all && p->bars[i].done == p->bars[i].total;
	if (!all && now - p->drawn_ns < REDRAW_NS)
		return;
	p->drawn_ns = now;
	erase(p);
	narrow = is_narrow();
	for (; p->drawn < p->nbars; p->drawn++)
		draw_bar(&p->bars[p->drawn], narrow);
}

/* The bar of a blob; a finished one makes room. NULL: there are too many at a time. */
static struct bar *find_bar(struct progress *p, const char *digest)
{
	struct bar *bar = NULL;

	for (size_t i = 0; i < p->nbars; i++)
		if (strncmp(p->bars[i].digits, digest + DIGITS_AT, SHOWN_DIGITS) == 0)
			return &p->bars[i];
	for (size_t i = 0; i < p->nbars && p->nbars == MAX_BARS; i++)
		if (p->bars[i].done == p->bars[i].total)
			bar = &p->bars[i];
	if (!bar && p->nbars < MAX_BARS)
		bar = &p->bars[p->nbars++];
	if (bar)
		snprintf(bar->digits, sizeof(bar->digits), "%s", digest + DIGITS_AT);
	return bar;
}

void progress_show(void *ctx, const char *digest, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	struct bar *bar;

	if (p->quiet)
		return;
	if (!p->terminal) {
		char size[HUMAN_ROOM];

		if (done == total)
			log_info("%.*s: %.*s", SHOWN_DIGITS, digest + DIGITS_AT,
				 (int)human_bytes(size, total), size);
		return;
	}
	bar = find_bar(p, digest);
	if (!bar)
		return;
	bar->done = done;
	bar->total = total;
	draw(p);
}
