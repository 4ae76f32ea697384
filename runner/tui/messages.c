// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/messages.h"

#include "base/bell.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/tui/model/model.h"

#define WAITING_BYTES (256u << 10)
#define KEPT_BYTES (8u << 10)

void messages_init(struct messages *m)
{
	*m = (struct messages){ .bell_fd = -1 };
	pthread_mutex_init(&m->lock, NULL);
	strbuf_init(&m->waiting, WAITING_BYTES);
	strbuf_init(&m->kept, KEPT_BYTES);
	strbuf_init(&m->errors, KEPT_BYTES);
}

int messages_open(struct messages *m, struct err *err)
{
	m->bell_fd = bell_new();
	return m->bell_fd < 0 ? err_sys(err, -m->bell_fd, "eventfd") : 0;
}

void messages_release(struct messages *m)
{
	strbuf_release(&m->waiting);
	strbuf_release(&m->kept);
	strbuf_release(&m->errors);
	pthread_mutex_destroy(&m->lock);
	close_fd(&m->bell_fd);
}

void messages_log(void *messages, enum log_level level, const char *line)
{
	struct messages *m = messages;

	pthread_mutex_lock(&m->lock);
	strbuf_addf(&m->waiting, "%s\n", line);
	m->left_out += m->waiting.full;
	if (level <= LOG_WARN)
		strbuf_addf(level < LOG_WARN ? &m->errors : &m->kept, "%s\n", line);
	m->alarm |= level == LOG_ERROR;
	pthread_mutex_unlock(&m->lock);
	bell_ring(m->bell_fd);
}

bool messages_take(struct messages *m, struct model *model)
{
	uint64_t left_out;
	_cleanup_free_ char *text = NULL;
	bool alarm;

	if (!bell_answer(m->bell_fd))
		return false;
	pthread_mutex_lock(&m->lock);
	left_out = m->left_out;
	m->left_out = 0;
	alarm = m->alarm;
	m->alarm = false;
	if (m->waiting.len)
		text = strbuf_steal(&m->waiting);
	pthread_mutex_unlock(&m->lock);
	if (text)
		model_log(model, text, now_real_ns());
	if (left_out) {
		_cleanup_free_ char *note = xasprintf("(%llu more messages came too fast)",
						      (unsigned long long)left_out);
		model_log(model, note, now_real_ns());
	}
	return alarm;
}

void messages_forget_errors(struct messages *m)
{
	pthread_mutex_lock(&m->lock);
	strbuf_reset(&m->errors);
	m->alarm = false;
	pthread_mutex_unlock(&m->lock);
}

static void print_again(struct strbuf *lines)
{
	char *next;

	for (char *line = lines->buf; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		log_warn("%s", line);
	}
}

void messages_print(struct messages *m)
{
	print_again(&m->kept);
	print_again(&m->errors);
}
