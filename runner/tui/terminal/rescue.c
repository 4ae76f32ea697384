// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/terminal/rescue.h"

#include <signal.h>

#include "base/log.h"
#include "base/util.h"

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };

static struct {
	volatile sig_atomic_t armed;
	int fd;
	struct termios before;
	char text[RESCUE_MAX_BYTES];
	size_t len;
	struct sigaction actions[ARRAY_LEN(fatal)];
} rescue;

/* Calls only functions that a signal handler may call. */
static void restore(void)
{
	struct termios go = rescue.before;

	if (!rescue.armed)
		return;
	rescue.armed = 0;
	/* Resumes a terminal that ^S stopped. */
	go.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(rescue.fd, TCSANOW, &go);
	if (write(rescue.fd, rescue.text, rescue.len) < 0)
		rescue.len = 0; /* the terminal is gone */
	tcsetattr(rescue.fd, TCSANOW, &rescue.before);
}

static void on_fatal(int signal)
{
	restore();
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		if (fatal[i] == signal)
			sigaction(signal, &rescue.actions[i], NULL);
	/* Delivered when this handler returns. */
	raise(signal);
}

static void on_oom(void)
{
	log_to(NULL, NULL);
	restore();
}

void rescue_arm(int fd, const struct termios *before, const char *text, size_t len)
{
	struct sigaction action = { .sa_handler = on_fatal };

	rescue.fd = fd;
	rescue.before = *before;
	rescue.len = MIN(len, sizeof(rescue.text));
	memcpy(rescue.text, text, rescue.len);
	rescue.armed = 1;
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &action, &rescue.actions[i]);
	oom_hook = on_oom;
}

void rescue_disarm(void)
{
	if (!rescue.armed)
		return;
	rescue.armed = 0;
	oom_hook = NULL;
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &rescue.actions[i], NULL);
}
