// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/terminal/pace.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"

#define QUESTION "\x1b[5n"
/* Later answers count as lost. A full frame takes ten seconds at 2 kB/s. */
#define LOST_NS 30000000000ull
#define STOP_NS 1000000000ull

void pace_start(struct pace *pace, struct strbuf *out, uint64_t now_ns)
{
	*pace = (struct pace){ .asked_ns = now_ns };
	strbuf_adds(out, QUESTION);
}

void pace_frame(struct pace *pace, struct strbuf *out, uint64_t now_ns)
{
	if (!pace->answers)
		return;
	pace->asked_ns = now_ns;
	strbuf_adds(out, QUESTION);
}

void pace_answered(struct pace *pace)
{
	pace->asked_ns = 0;
	pace->answers = true;
}

uint64_t pace_wait_ns(struct pace *pace, uint64_t now_ns)
{
	if (!pace->answers || !pace->asked_ns)
		return 0;
	if (now_ns - pace->asked_ns < LOST_NS)
		return pace->asked_ns + LOST_NS - now_ns;
	pace->answers = false;
	return 0;
}

void pace_stop(struct pace *pace, int in_fd)
{
	uint64_t until = now_mono_ns() + STOP_NS, now;
	struct pollfd pfd = { .fd = in_fd, .events = POLLIN };
	const char *next = PACE_ANSWER;
	char c;

	while (pace->answers && pace->asked_ns && *next && (now = now_mono_ns()) < until) {
		if (poll(&pfd, 1, (int)((until - now) / 1000000) + 1) <= 0)
			continue;
		if (read(in_fd, &c, 1) != 1)
			break;
		next = c == *next ? next + 1 : PACE_ANSWER + (c == *PACE_ANSWER);
	}
	pace->asked_ns = 0;
}
