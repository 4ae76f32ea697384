// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/choose/choose.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/tui/screen/keys.h"
#include "runner/tui/terminal/terminal.h"

struct choosing {
	const struct choose_opts *opts;
	struct terminal *terminal;
	struct chooser chooser;
	struct canvas canvas;
	int asked_fd;  /* -1: nothing is asked */
	size_t asked;  /* which one */
	bool no_asker; /* asking failed */
	bool touched;
};

static void ask_next(struct choosing *c)
{
	const struct choose_opts *opts = c->opts;

	if (c->asked_fd >= 0 || c->no_asker || !chooser_open(&c->chooser, &c->asked))
		return;
	c->asked_fd = opts->ask(opts->ctx, &opts->choices[c->asked]);
	c->no_asker = c->asked_fd < 0;
	opts->choices[c->asked].verdict = VERDICT_ASKED;
}

static void take_answer(struct choosing *c)
{
	if (!c->opts->answered(c->opts->ctx, &c->opts->choices[c->asked]))
		return;
	c->asked_fd = -1;
	c->touched = true;
}

/* 1: chosen, 2: left. */
static int take_keys(struct choosing *c)
{
	struct terminal_event event;
	enum chooser_wish wish;

	for (;;) {
		terminal_next(c->terminal, &event);
		if (event.kind == TERMINAL_NOTHING)
			return 0;
		c->touched = true;
		if (event.kind == TERMINAL_LEFT)
			return 2;
		if (event.kind == TERMINAL_WHEEL)
			chooser_key(&c->chooser, event.rows < 0 ? KEY_CODE_UP : KEY_CODE_DOWN);
		/* A newline in pasted text chooses nothing. */
		if (event.kind == TERMINAL_PASTED && event.key >= ' ')
			chooser_key(&c->chooser, event.key);
		if (event.kind != TERMINAL_KEY)
			continue;
		wish = chooser_key(&c->chooser, event.key);
		if (wish == CHOOSER_CHOSEN)
			return 1;
		if (wish == CHOOSER_LEFT)
			return 2;
		if (wish == CHOOSER_REDRAW)
			terminal_redraw(c->terminal);
		if (wish == CHOOSER_SUSPEND)
			terminal_suspend(c->terminal);
	}
}

/* Returns the milliseconds to wait for; -1: until something happens. */
static int draw(struct choosing *c)
{
	uint32_t width, height;
	uint64_t wait_ns = 0;

	terminal_flush(c->terminal);
	if (!c->touched)
		return -1;
	if (!terminal_ready(c->terminal, now_mono_ns(), &wait_ns))
		return wait_ns ? (int)(wait_ns / 1000000) + 1 : -1;
	terminal_size(c->terminal, &width, &height);
	if (c->canvas.width != width || c->canvas.height != height)
		canvas_resize(&c->canvas, width, height);
	chooser_draw(&c->chooser, &c->canvas);
	terminal_show(c->terminal, &c->canvas);
	terminal_flush(c->terminal);
	c->touched = false;
	return -1;
}

static int work(struct choosing *c)
{
	int ret = 0, timeout_ms;

	c->touched = true;
	while (!ret) {
		timeout_ms = draw(c);
		ask_next(c);
		struct pollfd fds[] = { { terminal_fd(c->terminal), POLLIN, 0 },
					{ c->asked_fd, POLLIN, 0 } };

		if (poll(fds, ARRAY_LEN(fds), timeout_ms) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			take_answer(c);
		ret = take_keys(c);
	}
	return ret;
}

int choose(const struct choose_opts *opts, size_t *ret, struct err *err)
{
	const struct theme *theme = theme_find(opts->color ? "default" : "mono");
	struct choosing c = { .opts = opts, .asked_fd = -1 };
	int code = terminal_open(&c.terminal, opts->in_fd, opts->out_fd, theme, err);

	if (code < 0)
		return code;
	chooser_init(&c.chooser, opts->choices, opts->count, terminal_utf8());
	code = terminal_start(c.terminal, err);
	if (code >= 0)
		code = work(&c);
	terminal_stop(c.terminal);
	terminal_free(c.terminal);
	if (code == 1 && !chooser_chosen(&c.chooser, ret))
		code = 2;
	chooser_release(&c.chooser);
	canvas_release(&c.canvas);
	return code < 0 ? code : code - 1;
}
