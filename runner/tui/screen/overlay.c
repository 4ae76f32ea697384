// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/overlay.h"

#include "base/util.h"

/* The details hold the row that they show. */
void overlay_close(struct screen *s)
{
	if (s->overlay == &view_detail)
		model_hold(s->model, false);
	if (s->overlay && s->overlay->close)
		s->overlay->close(s);
	s->overlay = NULL;
}

void overlay_open(struct screen *s, const struct view_ops *view)
{
	bool again = s->overlay == view;

	overlay_close(s);
	if (again)
		return;
	s->overlay = view;
	s->top = view->from_end ? UINT32_MAX : 0;
	s->lines = s->room = 0;
}

bool overlay_move(struct screen *s, enum model_op op)
{
	uint32_t last = s->lines > s->room ? s->lines - s->room : 0;
	uint32_t page = MAX(s->room, 2u) - 1;
	uint32_t top = MIN(s->top, last);

	switch (op) {
	case OP_UP:
		top -= top > 0;
		break;
	case OP_DOWN:
		top++;
		break;
	case OP_PAGE_UP:
		top -= MIN(top, page);
		break;
	case OP_PAGE_DOWN:
		top += page;
		break;
	case OP_FIRST:
		top = 0;
		break;
	case OP_LAST:
		top = last;
		break;
	default:
		return false;
	}
	/* A view that opens at its end stays at its end while it grows. */
	s->top = top >= last && s->overlay->from_end ? UINT32_MAX : MIN(top, last);
	return true;
}

void screen_alarm(struct screen *s, bool on)
{
	bool is_open = s->overlay == &view_log;

	if (on && !is_open) {
		overlay_open(s, &view_log);
		s->alarmed = true;
	} else if (!on && is_open && s->alarmed) {
		overlay_close(s);
	}
	s->alarmed &= on;
}
