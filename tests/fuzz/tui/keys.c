// SPDX-License-Identifier: Apache-2.0
/*
 * Keys, mouse, sizes, data and a program that comes and goes, in any order, against model and
 * canvas: nothing crashes, every row of the canvas is exactly as wide as it says, and nothing in it
 * moves a terminal's cursor.
 */
#define WITHOUT_CMOCKA
#include "tests/support/tui_feed.h"
#include "base/utf8.h"
#include "runner/tui/screen/screen.h"

#define MAX_STEPS 400

static uint32_t key_of(uint8_t byte)
{
	/* What is not ASCII stands for the named keys, and for a few wide characters. */
	if (byte < 0x80)
		return byte;
	if (byte < 0xa0)
		return KEY_CODE_NONE + byte % (KEY_CODE_LAST - KEY_CODE_NONE);
	return byte < 0xb0 ? 0x65e5u + byte : 0x300u + byte;
}

static void check_canvas(const struct canvas *canvas)
{
	for (uint32_t y = 0; y < canvas->height; y++) {
		const struct canvas_cell *row = canvas_row(canvas, y);

		for (uint32_t x = 0; x < canvas->width; x++) {
			uint32_t c;

			assert_true(row[x].paint < NPAINTS && row[x].width <= 2);
			assert_true((row[x].width == 0) == (row[x].bytes == 0));
			if (row[x].width == 2)
				assert_true(x + 1 < canvas->width && row[x + 1].width == 0);
			if (row[x].width == 0)
				assert_true(x > 0 && row[x - 1].width == 2);
			for (size_t at = 0, n; at < row[x].bytes; at += n) {
				n = utf8_decode(row[x].text + at, row[x].bytes - at, &c);
				assert_true(n > 0 && c >= 0x20 && (c < 0x7f || c >= 0xa0));
			}
		}
	}
}

static void step(struct tui *t, struct screen *screen, struct canvas *canvas, uint8_t what,
		 uint8_t byte)
{
	static uint32_t events;

	switch (what) {
	case 0xf0:
		canvas_resize(canvas, byte ? byte : 1000, 1 + byte % 70);
		break;
	case 0xf1:
		feed_events(t, events += 100, byte);
		break;
	case 0xf2:
		CONNS(t, byte, byte & 1 ? NONE : 3u * byte, 7, byte & 2 ? NONE : 1);
		break;
	case 0xf3:
		screen_click(screen, byte, byte % 40);
		break;
	case 0xf4:
		screen_wheel(screen, (int8_t)byte);
		break;
	case 0xf5:
		model_lost(t->model, &t->f.fake.source, &t->f.maps[MAP_EVENTS], LOST_KERNEL, byte);
		break;
	case 0xf6:
		feed_latency(t, byte, 20u * byte + 1);
		break;
	case 0xf7:
		if (t->has_second)
			tui_second(t, byte & 1);
		break;
	case 0xf8:
		if (t->second_runs)
			feed_second(t);
		break;
	default:
		/* Files stay unwritten. */
		if (screen->prompt.open && screen->asked == ACT_WRITE && (byte == 13 || byte == 10))
			byte = KEY_ESCAPE;
		screen_key(screen, key_of(byte));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct canvas canvas = { 0 };
	struct screen screen;
	struct tui t;
	size_t steps = 0;

	tui_init_programs(&t, !len || data[0] & 1, len && data[0] & 2);
	feed_all(&t);
	screen_init(&screen, t.model, !len || data[0] & 1);
	canvas_resize(&canvas, 80, 24);
	for (size_t i = 1; i < len && steps < MAX_STEPS; i++, steps++) {
		uint8_t what = data[i];

		if (what >= 0xf0 && what <= 0xf8 && i + 1 < len)
			i++;
		step(&t, &screen, &canvas, what, data[i]);
		screen_draw(&screen, &canvas, steps);
		check_canvas(&canvas);
	}
	screen_release(&screen);
	canvas_release(&canvas);
	tui_release(&t);
	return 0;
}
