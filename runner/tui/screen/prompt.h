/* SPDX-License-Identifier: Apache-2.0 */
/* The input line at the bottom: a filter, a file name, a time. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_PROMPT_H
#define BOMBUS_RUNNER_TUI_SCREEN_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/tui/screen/canvas.h"

#define PROMPT_MAX_BYTES 1024

struct prompt {
	bool open;
	const char *label; /* "/", "write to: " */
	char text[PROMPT_MAX_BYTES + 1];
	size_t len, at; /* bytes; the cursor is before byte `at` */
	char why[256];	/* the error; "": none */
	size_t caret;	/* byte of the text that the error is about */
};

enum prompt_result { PROMPT_SAME, PROMPT_MOVED, PROMPT_CHANGED, PROMPT_DONE, PROMPT_LEFT };

void prompt_open(struct prompt *prompt, const char *label, const char *text);
/* PROMPT_DONE after Enter, PROMPT_LEFT after Esc; both leave it open. */
enum prompt_result prompt_key(struct prompt *prompt, uint32_t key);
/* Another text, with the cursor at its end. */
void prompt_set(struct prompt *prompt, const char *text);
/* Takes the place of the bytes from `from` up to the cursor. */
void prompt_complete(struct prompt *prompt, size_t from, const char *text);
void prompt_close(struct prompt *prompt);
/* Draws the prompt into row y, and the error with its caret into the row above. */
void prompt_draw(const struct prompt *prompt, struct canvas *canvas, uint32_t y);

#endif
