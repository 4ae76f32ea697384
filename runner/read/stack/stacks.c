// SPDX-License-Identifier: Apache-2.0
#include "runner/read/stack/stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/load/kernel/caps.h"
#include "runner/load/sandbox/helper.h"
#include "runner/load/sandbox/packet.h"
#include "runner/load/sandbox/privileges.h"
#include "runner/load/sandbox/seccomp.h"
#include "runner/read/stack/lives.h"
#include "runner/read/stack/symbolizer.h"
#include "runner/read/text/frames.h"

#define WAIT_MS 3000	 /* a large file takes a moment, once */
#define WAIT_AGAIN_MS 50 /* while an earlier question has no answer */
#define MEMORY_MAX (4ull << 30)
#define WORKERS_MAX 20	 /* that end by a damaged file, each */
#define UNANSWERED_MAX 8 /* questions: more would fill the socket, and block */

struct question {
	uint32_t number, pid, count;
	uint64_t addrs[STACKS_MAX_FRAMES];
};

struct answer {
	uint32_t number, len;
	char text[STACKS_TEXT];
};

struct stacks {
	struct helper helper;
	bool inlines;
	pthread_mutex_t lock;
	uint32_t asked, answered;
	bool ended;
	struct question question;
	struct answer answer;
};

/* ---- the helper ---- */

struct wish {
	bool inlines, watch;
};

/* Waits for a question, and reads what processes do meanwhile. */
static void await(int fd, struct symbolizer *symbolizer, const struct lives *lives)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = lives ? lives_fd(lives) : -1, .events = POLLIN },
	};

	while (poll(fds, ARRAY_LEN(fds), -1) >= 0 && !fds[0].revents)
		symbolizer_catch_up(symbolizer);
}

static void work(int fd, const struct wish *wish, struct lives *lives)
{
	struct symbolizer *symbolizer = symbolizer_new(wish->inlines);
	struct question *q = xcalloc(1, sizeof(*q));
	struct answer *a = xcalloc(1, sizeof(*a));
	size_t nfds;
	int len;

	if (lives)
		symbolizer_watch(symbolizer, lives);
	for (;;) {
		await(fd, symbolizer, lives);
		len = packet_receive(fd, q, sizeof(*q), NULL, 0, &nfds);
		if (len <= 0)
			break;
		if ((size_t)len < offsetof(struct question, addrs) ||
		    q->count > ((size_t)len - offsetof(struct question, addrs)) / sizeof(uint64_t))
			break;
		a->number = q->number;
		a->len = (uint32_t)symbolizer_fold(symbolizer, q->pid, q->addrs, q->count, a->text,
						   sizeof(a->text));
		if (packet_send(fd, a, offsetof(struct answer, text) + a->len, NULL, 0) < 0)
			break;
	}
	symbolizer_free(symbolizer);
	free(q);
	free(a);
}

/* Waits for the end of a worker, which a file of others may hold up, or for that of bombus. False:
 * bombus ended, or the worker for its sake. */
static bool is_to_go_on(pid_t worker, int fd, int signal_fd)
{
	struct pollfd fds[] = { { .fd = fd }, { .fd = signal_fd, .events = POLLIN } };
	struct signalfd_siginfo info;
	pid_t ended;
	int status = 0;

	while ((ended = waitpid(worker, &status, WNOHANG)) == 0) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			return false;
		if (read(signal_fd, &info, sizeof(info)) < 0)
			return false;
	}
	return ended > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A worker reads the files. One that changes while it is read, or that fills the memory, ends it,
 * and another one takes its place. */
static void serve(int fd, void *ctx)
{
	const struct wish *wish = ctx;
	struct lives *lives = NULL;
	const struct rlimit core = { 0, 0 };
	struct err err = { 0 };
	bool more = true;
	int signal_fd;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (wish->watch && lives_open(&lives, &err) < 0)
		log_debug("%s", err.msg);
	privileges_become(NULL, CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_SYS_PTRACE) |
					CAP_BIT(CAP_CHECKPOINT_RESTORE));
	unsetenv("DEBUGINFOD_URLS"); /* no network */
#ifndef SANITIZER
	setrlimit(RLIMIT_AS, &(struct rlimit){ MEMORY_MAX, MEMORY_MAX });
#endif
	setrlimit(RLIMIT_CORE, &core);
	if (seccomp_enter(SECCOMP_READS | SECCOMP_FORKS, &err) < 0)
		log_debug("%s", err.msg);
	for (int i = 0; i < WORKERS_MAX && more; i++) {
		pid_t worker = fork();

		if (worker == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (lives && lives_map(lives, &err) < 0) {
				log_debug("%s", err.msg);
				lives_close(steal_ptr(&lives));
			}
			work(fd, wish, lives);
			_exit(0);
		}
		more = worker > 0 && is_to_go_on(worker, fd, signal_fd);
	}
}

/* ---- this process ---- */

int stacks_start(struct stacks **ret, bool inlines, bool watch, struct err *err)
{
	struct wish wish = { inlines, watch };
	struct helper helper = HELPER_INIT;
	int code = helper_start(&helper, "bombus-stacks", serve, &wish, -1);

	if (code < 0)
		return err_sys(err, -code, "cannot start the process that names frames of stacks");
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->helper = helper;
	pthread_mutex_init(&(*ret)->lock, NULL);
	return 0;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	helper_stop(&stacks->helper);
	pthread_mutex_destroy(&stacks->lock);
	free(stacks);
}

/* With the lock. Answers to questions that took too long come first. */
static bool receive(struct stacks *s)
{
	uint64_t wait_ms = s->asked - s->answered > 1 ? WAIT_AGAIN_MS : WAIT_MS;
	uint64_t deadline_ns = now_mono_ns() + wait_ms * 1000000;

	while (s->answered != s->asked) {
		struct pollfd fd = { .fd = s->helper.fd, .events = POLLIN };
		uint64_t now = now_mono_ns();
		size_t nfds;
		int len;

		if (now >= deadline_ns ||
		    poll(&fd, 1, (int)((deadline_ns - now) / 1000000) + 1) <= 0)
			return false;
		len = packet_receive(s->helper.fd, &s->answer, sizeof(s->answer), NULL, 0, &nfds);
		if (len < (int)offsetof(struct answer, text) || s->answer.len >= STACKS_TEXT ||
		    offsetof(struct answer, text) + s->answer.len > (size_t)len) {
			s->ended = true;
			return false;
		}
		s->answered = s->answer.number;
	}
	return true;
}

static bool ask(struct stacks *s, uint32_t pid, const uint64_t *addrs, size_t count)
{
	if (s->asked - s->answered >= UNANSWERED_MAX)
		return receive(s) && ask(s, pid, addrs, count);
	s->question.pid = pid;
	s->question.count = (uint32_t)MIN(count, (size_t)STACKS_MAX_FRAMES);
	s->question.number = ++s->asked;
	memcpy(s->question.addrs, addrs, s->question.count * sizeof(*addrs));
	if (packet_send(s->helper.fd, &s->question,
			offsetof(struct question, addrs) + s->question.count * sizeof(*addrs), NULL,
			0) < 0)
		s->ended = true;
	return !s->ended && receive(s);
}

static size_t fold_addresses(const uint64_t *addrs, size_t count, const char *why, char *text)
{
	struct frames frames;
	char frame[64];

	frames_begin(&frames, text, STACKS_TEXT);
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(frame, sizeof(frame), "0x%" PRIx64 " [%s]", addrs[i], why);

		if (!frames_add(&frames, frame, (size_t)len))
			break;
	}
	return frames_end(&frames);
}

size_t stacks_fold(struct stacks *s, uint32_t pid, const uint64_t *addrs, size_t count,
		   char text[STACKS_TEXT])
{
	size_t len;
	bool ended, found;

	pthread_mutex_lock(&s->lock);
	ended = s->ended;
	found = !ended && ask(s, pid, addrs, count);
	len = found ? s->answer.len : 0;
	if (found)
		memcpy(text, s->answer.text, len);
	ended = !ended && s->ended;
	pthread_mutex_unlock(&s->lock);
	if (ended)
		log_warn("the process that names frames of stacks ended: from here on they are "
			 "addresses");
	if (!found)
		return fold_addresses(addrs, count, "no answer in time", text);
	text[len] = '\0';
	return len;
}

void stacks_ready(struct stacks *s)
{
	char text[STACKS_TEXT];

	/* The answer to any question says so. */
	if (s)
		stacks_fold(s, 0, &(uint64_t){ 0 }, 1, text);
}
