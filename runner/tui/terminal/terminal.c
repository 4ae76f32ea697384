// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/terminal/terminal.h"

#include "runner/tui/screen/keys.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <term.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/tui/terminal/curses_keys.h"
#include "runner/tui/terminal/pace.h"
#include "runner/tui/terminal/rescue.h"
#include "runner/tui/terminal/tty.h"

/* A link may deliver the bytes of one key this far apart. */
#define ESCAPE_MS 60
/* Bracketed paste: the terminal sends pasted text between two sequences. */
#define PASTE_ON "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"

struct terminal {
	struct tty tty;
	struct pace pace;
	int memory_fd; /* ncurses writes here */
	int signal_fd, epoll_fd;
	FILE *memory, *keys;
	SCREEN *curses;
	WINDOW *key_window; /* a pad, so that reading keys does not draw */
	const struct theme *theme;
	struct canvas shown; /* the frame on the terminal */
	cchar_t *row;
	int cursor_y, cursor_x;
	bool started, whole, mouse, pasting;
};

static const int job_signals[] = { SIGWINCH, SIGTSTP, SIGCONT };

/* The fonts of the Linux console lack the signs. */
bool terminal_utf8(void)
{
	const char *charset = nl_langinfo(CODESET), *type = getenv("TERM");

	return charset && streq(charset, "UTF-8") && !(type && streq(type, "linux"));
}

bool terminal_unknown(const char *type)
{
	int code;

	if (setupterm(type, STDOUT_FILENO, &code) == OK) {
		del_curterm(cur_term);
		return false;
	}
	return code != 1; /* 1: it is known, and has no cursor to move */
}

bool terminal_usable(int in_fd, int out_fd)
{
	const char *type = getenv("TERM");
	int code;
	bool moves;

	if (!isatty(in_fd) || !isatty(out_fd) || !type || !*type || streq(type, "dumb"))
		return false;
	if (setupterm(type, out_fd, &code) != OK)
		return false;
	moves = cursor_address && clear_screen;
	del_curterm(cur_term);
	return moves;
}

static void add_to_epoll(struct terminal *t, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_fds(struct terminal *t, int in_fd, int out_fd, struct err *err)
{
	sigset_t signals;
	int code;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_LEN(job_signals); i++)
		sigaddset(&signals, job_signals[i]);
	t->memory_fd = memfd_create("screen", MFD_CLOEXEC);
	t->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (t->memory_fd < 0 || t->signal_fd < 0 || t->epoll_fd < 0)
		return err_sys(err, errno, "cannot prepare the live table");
	code = tty_open(&t->tty, in_fd, out_fd, t->epoll_fd, err);
	if (code < 0)
		return code;
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	add_to_epoll(t, t->signal_fd, EPOLLIN);
	return 0;
}

int terminal_open(struct terminal **ret, int in_fd, int out_fd, const struct theme *theme,
		  struct err *err)
{
	struct terminal *t = xcalloc(1, sizeof(*t));
	int code;

	t->tty.in_fd = t->tty.out_fd = t->memory_fd = t->signal_fd = t->epoll_fd = -1;
	t->theme = theme;
	code = open_fds(t, in_fd, out_fd, err);
	if (code < 0) {
		terminal_free(t);
		return code;
	}
	*ret = t;
	return 0;
}

void terminal_free(struct terminal *t)
{
	sigset_t signals;

	if (!t)
		return;
	terminal_stop(t);
	if (t->signal_fd >= 0) {
		sigemptyset(&signals);
		for (size_t i = 0; i < ARRAY_LEN(job_signals); i++)
			sigaddset(&signals, job_signals[i]);
		pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	}
	tty_close(&t->tty);
	close_fd(&t->memory_fd);
	close_fd(&t->signal_fd);
	close_fd(&t->epoll_fd);
	canvas_release(&t->shown);
	free(t->row);
	free(t);
}

int terminal_fd(const struct terminal *t)
{
	return t->epoll_fd;
}

void terminal_watch(struct terminal *t, int fd)
{
	add_to_epoll(t, fd, EPOLLIN);
}

bool terminal_ready(struct terminal *t, uint64_t now_ns, uint64_t *ret_wait_ns)
{
	*ret_wait_ns = pace_wait_ns(&t->pace, now_ns);
	return !*ret_wait_ns && tty_ready(&t->tty);
}

void terminal_flush(struct terminal *t)
{
	tty_flush(&t->tty);
}

/* --- ncurses --- */

/* Appends the output of ncurses to the pending bytes. */
static void collect(struct terminal *t)
{
	off_t len;
	char *to;

	fflush(t->memory);
	len = lseek(t->memory_fd, 0, SEEK_CUR);
	to = len > 0 ? strbuf_reserve(&t->tty.pending, (size_t)len) : NULL;
	if (to && pread(t->memory_fd, to, (size_t)len, 0) == len)
		strbuf_advance(&t->tty.pending, (size_t)len);
	lseek(t->memory_fd, 0, SEEK_SET);
	if (ftruncate(t->memory_fd, 0) < 0)
		return; /* later output overwrites it */
}

static void add_capability(struct strbuf *sb, const char *name, const char *instead)
{
	const char *text = tigetstr(name);

	if (text == NULL || text == (const char *)-1)
		text = instead;
	strbuf_adds(sb, text);
}

static void arm_rescue(struct terminal *t)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(RESCUE_MAX_BYTES);

	/* CAN first: it ends a sequence that was cut off. */
	strbuf_adds(&text, "\x18\x1b[?1006;1000l" PASTE_OFF);
	add_capability(&text, "sgr0", "");
	add_capability(&text, "op", "");
	add_capability(&text, "cnorm", "");
	add_capability(&text, "rmkx", "");
	add_capability(&text, "rmcup", "\r\n");
	rescue_arm(t->tty.out_fd, &t->tty.before, strbuf_str(&text), text.len);
}

static attr_t attrs_of(const struct look *look)
{
	return (look->attrs & LOOK_BOLD ? A_BOLD : 0) | (look->attrs & LOOK_DIM ? A_DIM : 0) |
	       (look->attrs & LOOK_UNDERLINE ? A_UNDERLINE : 0) |
	       (look->attrs & LOOK_REVERSE ? A_REVERSE : 0);
}

static void init_colors(struct terminal *t)
{
	bool wanted = false;

	for (int i = 0; i < NPAINTS; i++)
		wanted |= t->theme->looks[i].ink || t->theme->looks[i].ground;
	if (!wanted)
		return;
	if (!has_colors() || start_color() == ERR || use_default_colors() == ERR) {
		t->theme = theme_find("mono");
		return;
	}
	for (int i = 0; i < NPAINTS; i++)
		init_pair((short)(i + 1), (short)(t->theme->looks[i].ink - 1),
			  (short)(t->theme->looks[i].ground - 1));
}

/* ncurses installs signal handlers where there are none and never removes them. */
static SCREEN *new_screen(struct terminal *t)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };
	struct sigaction before[ARRAY_LEN(taken)];
	SCREEN *screen;

	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		sigaction(taken[i], NULL, &before[i]);
	screen = newterm(NULL, t->memory, t->keys);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		sigaction(taken[i], &before[i], NULL);
	return screen;
}

static FILE *stream_on(int fd, const char *mode)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = copy >= 0 ? fdopen(copy, mode) : NULL;

	if (!file)
		close_fd(&copy);
	return file;
}

static void fit_size(struct terminal *t)
{
	struct winsize size = { 0 };

	ioctl(t->tty.out_fd, TIOCGWINSZ, &size);
	if (size.ws_row && size.ws_col && (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(MIN(size.ws_row, CANVAS_MAX), MIN(size.ws_col, CANVAS_MAX));
	if (t->shown.width == (uint32_t)COLS && t->shown.height == (uint32_t)LINES)
		return;
	canvas_resize(&t->shown, (uint32_t)COLS, (uint32_t)LINES);
	t->row = xreallocarray(t->row, (size_t)t->shown.width + 1, sizeof(*t->row));
	terminal_redraw(t);
}

/* ncurses writes to a file, so it takes the size from the terminal's description and sets the
 * scroll region to that: 24 of 60 lines, even in the shell afterwards. */
static void scroll_all(struct terminal *t)
{
	const char *text = tigetstr("csr");

	collect(t); /* after the region that ncurses chose */
	if (text != NULL && text != (const char *)-1)
		strbuf_adds(&t->tty.pending, tiparm(text, 0, LINES - 1));
}

int terminal_start(struct terminal *t, struct err *err)
{
	tty_wait_for_foreground(&t->tty);
	tty_remember(&t->tty);
	t->memory = stream_on(t->memory_fd, "w");
	t->keys = stream_on(t->tty.in_fd, "r");
	t->curses = t->memory && t->keys ? new_screen(t) : NULL;
	if (!t->curses)
		return err_set(err, ENOTSUP, "cannot use a terminal of type %s",
			       getenv("TERM") ? getenv("TERM") : "(none)");
	tty_keys_mode(&t->tty);
	arm_rescue(t);
	typeahead(-1);
	if (!getenv("ESCDELAY"))
		set_escdelay(ESCAPE_MS);
	mouseinterval(-1); /* report a press at once instead of waiting for a click */
	init_colors(t);
	t->key_window = newpad(1, 1);
	keypad(t->key_window, TRUE);
	nodelay(t->key_window, TRUE);
	curses_keys_define();
	add_to_epoll(t, t->tty.in_fd, EPOLLIN);
	t->started = true;
	fit_size(t);
	scroll_all(t);
	strbuf_adds(&t->tty.pending, PASTE_ON);
	pace_start(&t->pace, &t->tty.pending, now_mono_ns());
	terminal_redraw(t);
	return 0;
}

void terminal_stop(struct terminal *t)
{
	if (t->started) {
		t->started = false;
		terminal_mouse(t, false);
		strbuf_adds(&t->tty.pending, PASTE_OFF);
		endwin();
		collect(t);
		/* Without another screen the last frame stays, and what follows it begins a line.
		 */
		if (!exit_ca_mode)
			strbuf_adds(&t->tty.pending, "\r\n");
		tty_write_rest(&t->tty);
		pace_stop(&t->pace, t->tty.in_fd);
		tty_leave(&t->tty);
		rescue_disarm();
		epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, t->tty.in_fd, NULL);
		delwin(t->key_window);
	}
	if (t->curses)
		delscreen(t->curses);
	t->curses = NULL;
	if (t->memory)
		fclose(t->memory);
	if (t->keys)
		fclose(t->keys);
	t->memory = t->keys = NULL;
}

void terminal_size(struct terminal *t, uint32_t *ret_width, uint32_t *ret_height)
{
	*ret_width = t->shown.width;
	*ret_height = t->shown.height;
}

/* --- out --- */

static void cell_of(struct terminal *t, const struct canvas_cell *cell, cchar_t *ret)
{
	const struct look *look = &t->theme->looks[cell->paint];
	short pair = look->ink || look->ground ? (short)(cell->paint + 1) : 0;
	wchar_t text[CCHARW_MAX + 1];
	mbstate_t state = { 0 };
	size_t n = 0, used;

	for (size_t at = 0; at < cell->bytes && n < CCHARW_MAX; at += used) {
		used = mbrtowc(&text[n], cell->text + at, cell->bytes - at, &state);
		if (used == 0 || used > cell->bytes)
			break;
		n++;
	}
	if (!n)
		text[n++] = L'?';
	text[n] = L'\0';
	setcchar(ret, text, attrs_of(look), pair, NULL);
}

static void show_row(struct terminal *t, const struct canvas *canvas, uint32_t y)
{
	const struct canvas_cell *cells = canvas_row(canvas, y);
	int n = 0;

	for (uint32_t x = 0; x < canvas->width; x++)
		if (cells[x].width)
			cell_of(t, &cells[x], &t->row[n++]);
	mvwadd_wchnstr(stdscr, (int)y, 0, t->row, n);
}

bool terminal_differs(const struct terminal *t, const struct canvas *canvas)
{
	return t->whole || t->cursor_x != canvas->cursor_x || t->cursor_y != canvas->cursor_y ||
	       memcmp(t->shown.cells, canvas->cells,
		      (size_t)canvas->width * canvas->height * sizeof(*canvas->cells)) != 0;
}

void terminal_show(struct terminal *t, const struct canvas *canvas)
{
	size_t row_bytes = canvas->width * sizeof(*canvas->cells);

	if (t->whole) {
		clearok(curscr, TRUE);
		werase(stdscr);
	}
	for (uint32_t y = 0; y < canvas->height; y++) {
		struct canvas_cell *shown = t->shown.cells + (size_t)y * canvas->width;

		if (!t->whole && memcmp(shown, canvas_row(canvas, y), row_bytes) == 0)
			continue;
		memcpy(shown, canvas_row(canvas, y), row_bytes);
		show_row(t, canvas, y);
	}
	t->whole = false;
	t->cursor_x = canvas->cursor_x;
	t->cursor_y = canvas->cursor_y;
	curs_set(t->cursor_x >= 0);
	wmove(stdscr, MAX(t->cursor_y, 0), MAX(t->cursor_x, 0));
	wnoutrefresh(stdscr);
	doupdate();
	collect(t);
	pace_frame(&t->pace, &t->tty.pending, now_mono_ns());
	tty_flush(&t->tty);
}

void terminal_redraw(struct terminal *t)
{
	t->whole = true;
}

void terminal_mouse(struct terminal *t, bool on)
{
	if (t->mouse == on)
		return;
	t->mouse = on;
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
	collect(t);
}

void terminal_theme(struct terminal *t, const struct theme *theme)
{
	t->theme = theme;
	init_colors(t);
	t->whole = true;
}

void terminal_bell(struct terminal *t)
{
	strbuf_addc(&t->tty.pending, '\a');
}

void terminal_copy(struct terminal *t, const char *text, size_t len)
{
	tty_copy(&t->tty, text, len);
}

/* --- in --- */

static void come_back(struct terminal *t)
{
	tty_wait_for_foreground(&t->tty);
	tty_keys_mode(&t->tty);
	strbuf_adds(&t->tty.pending, PASTE_ON);
	pace_start(&t->pace, &t->tty.pending, now_mono_ns());
	fit_size(t);
	terminal_redraw(t);
}

void terminal_suspend(struct terminal *t)
{
	struct signalfd_siginfo info;

	strbuf_adds(&t->tty.pending, PASTE_OFF);
	endwin();
	collect(t);
	tty_write_rest(&t->tty);
	pace_stop(&t->pace, t->tty.in_fd);
	tty_leave(&t->tty);
	kill(getpid(), SIGSTOP);
	while (read(t->signal_fd, &info, sizeof(info)) > 0)
		; /* discard SIGCONT and what came with it */
	come_back(t);
}

/* True if the signal asks for a new frame. */
static bool take_signal(struct terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signal_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGTSTP)
		terminal_suspend(t);
	else
		come_back(t);
	return true;
}

/* Sends the signals that the terminal would send to the whole job. It cannot do that itself: it
 * does not know what is pasted. */
static bool send_signal(const struct terminal_event *event)
{
	if (event->kind != TERMINAL_KEY ||
	    (event->key != CTRL_KEY('c') && event->key != CTRL_KEY('z')))
		return false;
	kill(0, event->key == CTRL_KEY('c') ? SIGINT : SIGTSTP);
	return true;
}

void terminal_next(struct terminal *t, struct terminal_event *ret)
{
	wint_t key;
	int kind;

	*ret = (struct terminal_event){ 0 };
	if (tty_has_left(&t->tty)) {
		ret->kind = TERMINAL_LEFT;
		return;
	}
	if (take_signal(t)) {
		ret->kind = TERMINAL_RESIZED;
		return;
	}
	do {
		kind = wget_wch(t->key_window, &key);
		collect(t);
		if (kind != ERR && curses_key_is_answer(kind, key))
			pace_answered(&t->pace);
		else if (kind != ERR)
			curses_key_event(kind, key, &t->pasting, ret);
		if (send_signal(ret))
			*ret = (struct terminal_event){ 0 };
	} while (kind != ERR && ret->kind == TERMINAL_NOTHING);
}
