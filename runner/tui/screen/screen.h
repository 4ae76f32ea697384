/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The screen without a terminal: keys and the mouse go in, a canvas comes out. Each view is a table
 * of operations that draws a part of the model into an area:
 *
 *	title line, tab line, the view (its first row is a header), status line, hint line
 *
 * The prompt takes the place of the hint line. screen_key() returns a wish for actions that need
 * the terminal or the source.
 */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_SCREEN_H
#define BOMBUS_RUNNER_TUI_SCREEN_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/strbuf.h"
#include "runner/tui/screen/canvas.h"
#include "runner/tui/screen/draw.h"
#include "runner/tui/screen/keys.h"
#include "runner/tui/keep/trap.h"
#include "runner/tui/model/model.h"
#include "runner/tui/screen/prompt.h"
#include "runner/tui/screen/recall.h"

#define SCREEN_LEAST_WIDTH 40u
#define SCREEN_LEAST_HEIGHT 6u
#define SCREEN_HITS 64 /* tabs and columns that a click can reach */

struct flames;

struct hit {
	uint32_t x, width, number;
};

enum wish {
	WISH_NONE,
	WISH_QUIT,
	WISH_SUSPEND,
	WISH_REDRAW,
	WISH_MOUSE,    /* screen.mouse: on or off */
	WISH_COPY,     /* put screen.copied on the clipboard */
	WISH_THEME,    /* the next one */
	WISH_INTERVAL, /* model_interval() has changed */
	WISH_RECORD,   /* what comes, into the file that prompt.text names */
	WISH_RECORD_END,
	WISH_AHEAD,  /* the recording plays screen.ahead_ns at once */
	WISH_SLOWER, /* it plays at another speed */
	WISH_FASTER,
	WISH_SAVE, /* what is in memory, into the file that prompt.text names */
};

struct screen;

/* draw() returns the number of lines of a view that the screen scrolls, and has drawn those from
 * screen->top on; a view that the model scrolls returns 0. */
struct view_ops {
	const char *title;
	uint32_t (*draw)(struct screen *screen, struct canvas *canvas, struct area area);
	bool from_end; /* opens at its last line and stays there */
	/* Takes a key before the table of keys does; *ret_say: a message, NULL at the call. False:
	 * it has no use for it. NULL: none. */
	bool (*key)(struct screen *screen, const struct binding *binding, const char **ret_say);
	void (*close)(struct screen *screen); /* NULL: nothing to do */
	const char *hints;		      /* the hint line; NULL: from the table of keys */
};
extern const struct view_ops view_table, view_histogram, view_heatmap, view_detail, view_log,
	view_help, view_palette, view_flames, view_who, view_overview;

/* A key of the user's, instead of the usual one. */
struct rebound {
	uint32_t key;
	const struct binding *binding; /* NULL: none */
};
#define SCREEN_REBOUND 64

struct screen {
	struct model *model; /* borrowed */
	const struct signs *signs;
	bool utf8, mouse;
	bool overview;			/* all tabs are shown, in panes */
	bool quiet;			/* a pane is drawn without its cursor */
	bool who;			/* the pane beside the view is shown */
	bool replayed;			/* a recording: the interval cannot be changed */
	const struct source_play *play; /* of a recording; NULL: the programs run */
	uint64_t ahead_ns;
	bool records;			/* a recording is being made */
	struct traps *traps;		/* borrowed; NULL: none can be set */
	char file_name[128];		/* that files are called by at first */
	const struct view_ops *overlay; /* NULL: the tab's own view */
	bool alarmed;			/* the overlay is that of screen_alarm() */
	uint32_t top, lines, room;	/* of the overlay */
	struct flames *flames;		/* of view_flames */
	struct prompt prompt;
	enum act asked; /* the purpose of the prompt */
	struct recall recall;
	uint32_t chosen; /* in the palette */
	struct rebound rebound[SCREEN_REBOUND];
	uint32_t nrebound;
	const char *command; /* that began the run, for a shell; borrowed; NULL: unknown */
	char flash[512];     /* shown in place of the hints until the next key */
	bool flash_bad;
	struct strbuf copied;
	struct hit tabs[SCREEN_HITS], columns[SCREEN_HITS];
	uint32_t ntabs, ncolumns;
};

void screen_init(struct screen *screen, struct model *model, bool utf8);
void screen_release(struct screen *screen);
/* False: there is no room for it. */
bool screen_bind(struct screen *screen, uint32_t key, const struct binding *binding);
/* What a key does; NULL: nothing. */
const struct binding *screen_binding(const struct screen *screen, uint32_t key);
/* The keys of an action as they are now; `own`: without those of the actions that share its help.
 */
void screen_key_names(const struct screen *screen, const struct binding *binding, bool own,
		      char *dst, size_t room);

enum wish screen_key(struct screen *screen, uint32_t key);
/* A character of pasted text. A prompt takes it, with newlines as blanks; elsewhere it does
 * nothing, so that a paste is never taken for keys. */
void screen_paste(struct screen *screen, uint32_t key);
void screen_click(struct screen *screen, uint32_t x, uint32_t y);
void screen_wheel(struct screen *screen, int32_t rows);
/* Shows a message in place of the hints, until the next key. */
void screen_say(struct screen *screen, bool bad, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "tcpconnect-140231.rec": for a recording. */
void screen_name_file(const struct screen *screen, char *dst, size_t room);
/* The wish that a prompt ended with cannot be granted: it is open again. */
void screen_refuse(struct screen *screen, const char *why);

/* Opens the messages for an error that wants to be read, and closes them again when it is over,
 * unless the user opened them. */
void screen_alarm(struct screen *screen, bool on);

/* elapsed_s: how long the program has been running. */
void screen_draw(struct screen *screen, struct canvas *canvas, uint64_t elapsed_s);
/* Redraws the first line alone, with another time. */
void screen_draw_clock(struct screen *screen, struct canvas *canvas, uint64_t elapsed_s);

/* Makes screen->flames for view_flames. False: the table has no stacks. */
bool screen_find_flames(struct screen *screen);

/* The lines around a view; frame.c, called by screen_draw(). */
void frame_draw(struct screen *screen, struct canvas *canvas, uint64_t elapsed_s);

#endif
