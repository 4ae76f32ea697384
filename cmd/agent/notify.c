// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/util.h"

#define MESSAGE_MAX 1024
#define FIRST_FD 3

void notify_send(const char *fmt, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	char text[MESSAGE_MAX];
	va_list ap;
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(addr.sun_path) || (*path != '/' && *path != '@'))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

/* It is meant for the process that it names. */
static bool is_for_us(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t pid;

	return text && parse_u64(text, &pid) == 0 && pid == (uint64_t)getpid();
}

uint64_t notify_watchdog_ns(void)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t us;

	if (!text || parse_u64(text, &us) < 0 || us > UINT64_MAX / 1000)
		return 0;
	return getenv("WATCHDOG_PID") && !is_for_us("WATCHDOG_PID") ? 0 : us * 1000 / 2;
}

int notify_listen_fd(void)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count = 0;
	bool ours = is_for_us("LISTEN_PID") && text && parse_u64(text, &count) == 0 && count > 0;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return ours ? FIRST_FD : 0;
}
