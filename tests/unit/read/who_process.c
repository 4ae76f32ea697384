// SPDX-License-Identifier: Apache-2.0
/* Processes of the test's own, and what can be looked at: sockets, interfaces, open files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/util.h"
#include "runner/read/who/who.h"

static struct who *start(void)
{
	struct who *who = NULL;

	assert_int_equal(who_start(&who, NULL), 0);
	assert_int_equal(who_begin(who, NULL, 0, NULL), 0);
	assert_int_equal(who_run(who, NULL), 0);
	return who;
}

static const char *part(struct who *who, pid_t pid, enum process_part part)
{
	static char text[CONTAINER_TEXT];
	bool known = false;

	for (int i = 0; i < 20 && !known; i++)
		known = who_part(who, WHO_PID, (uint64_t)pid, WHO_PROCESS(part), WHO_WAIT_MS, text);
	assert_true(known);
	return text;
}

/* With a long command line. */
static pid_t sleeper(void)
{
	const char *words[100] = { "sleep" };
	pid_t pid = fork();

	if (pid)
		return pid;
	for (size_t i = 1; i < ARRAY_LEN(words) - 1; i++)
		words[i] = "1000";
	execvp("sleep", (char **)words);
	_exit(127);
}

static void test_process_parts(void **state)
{
	char exe[CONTAINER_TEXT] = "", want[CONTAINER_TEXT];
	struct who *who = start();
	pid_t pid = sleeper(), other = fork();

	if (!other)
		for (;;)
			pause();
	/* The keeper reads it once it is what it will be. */
	for (int i = 0; i < 1000 && !strstr(exe, "sleep"); i++) {
		_cleanup_free_ char *link = xasprintf("/proc/%d/exe", pid);
		ssize_t len = readlink(link, exe, sizeof(exe) - 1);

		exe[MAX(len, (ssize_t)0)] = '\0';
		poll(NULL, 0, 2);
	}
	/* Asked for, and answered without a wait. */
	who_want(who, (uint64_t)pid);
	for (int i = 0;
	     i < 3000 && !who_part(who, WHO_PID, (uint64_t)pid, WHO_PROCESS(PROCESS_EXE), 0, want);
	     i++)
		poll(NULL, 0, 10);
	assert_string_equal(want, exe);
	assert_string_equal(part(who, pid, PROCESS_EXE), exe);
	assert_int_equal(strncmp(part(who, pid, PROCESS_CMDLINE), "sleep 1000 1000 ", 16), 0);
	assert_int_equal(strlen(part(who, pid, PROCESS_CMDLINE)), CONTAINER_TEXT - 1);
	snprintf(want, sizeof(want), "who_process %d", getpid());
	assert_int_equal(strncmp(part(who, pid, PROCESS_PARENTS), want, strlen(want)), 0);
	assert_string_equal(part(who, 1, PROCESS_PARENTS), "");
	assert_int_equal(part(who, pid, PROCESS_STARTED)[19], 'Z');
	if (geteuid() == 0)
		assert_string_equal(part(who, pid, PROCESS_USER), "root");
	/* What is known stays when the process is gone; of one that was not asked for, nothing. */
	kill(pid, SIGKILL);
	kill(other, SIGKILL);
	waitpid(pid, NULL, 0);
	waitpid(other, NULL, 0);
	poll(NULL, 0, 1100);
	assert_string_equal(part(who, pid, PROCESS_EXE), exe);
	assert_false(who_part(who, WHO_PID, (uint64_t)other, WHO_PROCESS(PROCESS_EXE), WHO_WAIT_MS,
			      want));
	who_free(who);
}

static void test_process_unit(void **state)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{ "/", "" },
		{ "/system.slice/nginx.service", "nginx.service" },
		{ "/user.slice/user-0.slice/session-1.scope/below", "session-1.scope" },
		{ "/docker/0123", "" },
		{ "/.service", "" },
		{ "//a.service//b", "a.service" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct process p = { 0 };

		process_unit(&p, cases[i].path);
		assert_string_equal(p.part[PROCESS_UNIT], cases[i].unit);
	}
}

/* "name=text|name=text|" of the last answer. */
static char *answer(struct who *who, const struct question *what)
{
	char bytes[LOOK_BYTES], *text = xstrdup("");
	size_t len = who_looked(who, what, bytes);

	for (size_t at = 0; at < len;) {
		const char *name = bytes + at, *value = name + strlen(name) + 1;
		char *longer = xasprintf("%s%s=%s|", text, name, value);

		free(text);
		text = longer;
		at += strlen(name) + 1 + strlen(value) + 1;
	}
	return text;
}

/* Asks until the text is there: on a busy machine a look may end before it has seen all. */
static void assert_finds(struct who *who, const struct question *what, const char *want)
{
	_cleanup_free_ char *text = xstrdup("");

	for (uint64_t i = 1; i < 3000 && !strstr(text, want); i++) {
		who_look(who, what, i);
		poll(NULL, 0, 10);
		free(text);
		text = answer(who, what);
	}
	if (!strstr(text, want))
		fail_msg("'%s' is not in '%s'", want, text);
}

static void test_looks(void **state)
{
	struct question peers = { .group = (uint64_t)getpid(), .look = LOOK_PEERS };
	struct question interface = { .group = 1, .look = LOOK_INTERFACE };
	struct question address = { .look = LOOK_ADDRESS,
				    .address = { [10] = 255, 255, 127, 0, 0, 1 } };
	struct question inode = { .look = LOOK_INODE }, nothing = inode;
	struct sockaddr_in at = { .sin_family = AF_INET };
	_cleanup_free_ char *none = NULL, *want = NULL;
	char path[] = "/tmp/bombus-look-XXXXXX";
	socklen_t len = sizeof(at);
	int listening, client, file;
	struct who *who = start();
	struct stat st;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 1), 0);
	getsockname(listening, (struct sockaddr *)&at, &len);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	file = mkstemp(path);
	assert_true(file >= 0);
	fstat(file, &st);
	inode.group = st.st_ino;
	nothing.group = UINT64_MAX / 2;

	want = xasprintf("tcp=127.0.0.1:%u listens|", ntohs(at.sin_port));
	assert_finds(who, &peers, want);
	free(want);
	want = xasprintf(" -> 127.0.0.1:%u ESTABLISHED|", ntohs(at.sin_port));
	assert_finds(who, &peers, want);
	assert_finds(who, &address, "name=localhost");
	assert_finds(who, &address, "interface=lo|");
	/* Answers come in the order of the questions. */
	who_look(who, &nothing, 1);
	assert_finds(who, &interface, "name=lo|");
	none = answer(who, &nothing);
	assert_string_equal(none, "");
	assert_finds(who, &interface, "mtu=65536|");
	assert_finds(who, &interface, "addr=127.0.0.1|");
	assert_finds(who, &inode, path);
	assert_finds(who, &inode, "open in=who_process ");
	/* The last answer stays. */
	close(client);
	assert_int_not_equal(who_looked(who, &peers, (char[LOOK_BYTES]){ 0 }), 0);
	close(listening);
	close(file);
	unlink(path);
	who_free(who);
}

/* More questions than there is room for answers. */
static void test_looks_many(void **state)
{
	const struct question lo = { .group = 1, .look = LOOK_INTERFACE };
	struct who *who = start();
	char bytes[LOOK_BYTES];
	size_t len = 0;

	for (uint32_t i = 0; i < 600; i++) {
		const struct question what = { .group = i + 2, .look = LOOK_INTERFACE };

		who_look(who, &what, 1);
	}
	for (int i = 0; i < 3000 && !len; i++) {
		who_look(who, &lo, (uint64_t)i + 2); /* the keeper may have had no time for it */
		len = who_looked(who, &lo, bytes);
		poll(NULL, 0, 10);
	}
	assert_int_not_equal(len, 0);
	assert_string_equal(bytes, "name");
	who_free(who);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_parts),
		cmocka_unit_test(test_process_unit),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_looks_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
