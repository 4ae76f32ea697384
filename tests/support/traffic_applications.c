// SPDX-License-Identifier: Apache-2.0
/* Jobs of traffic.c that act as other applications do, and functions for probes. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/sdt.h>

#include "tests/support/traffic.h"

/* What Python, Java, Ruby and Node say of a garbage collection of MS, COUNT times. */
static void job_gc(char **args)
{
	for (long n = number(args[2]); n > 0; n--) {
		if (!strcmp(args[0], "python"))
			DTRACE_PROBE1(python, gc__start, 2);
		else if (!strcmp(args[0], "java"))
			DTRACE_PROBE1(hotspot, gc__begin, 1);
		else if (!strcmp(args[0], "ruby"))
			DTRACE_PROBE(ruby, gc__mark__begin);
		else
			DTRACE_PROBE3(node, gc__start, 1, 0, NULL);
		nap(number(args[1]));
		if (!strcmp(args[0], "python"))
			DTRACE_PROBE1(python, gc__done, 7L);
		else if (!strcmp(args[0], "java"))
			DTRACE_PROBE(hotspot, gc__end);
		else if (!strcmp(args[0], "ruby"))
			DTRACE_PROBE(ruby, gc__mark__end);
		else
			DTRACE_PROBE3(node, gc__done, 1, 0, NULL);
	}
}

struct query_data {
	const char *text;
	unsigned int length;
};

/* The functions of MySQL and of MariaDB that run a command. */
int mysql_dispatch(void *thread, const struct query_data *data, int command) __asm__(
	"_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command");
int __attribute__((noinline, noclone, used, visibility("default")))
mysql_dispatch(void *thread, const struct query_data *data, int command)
{
	nap((long)thread);
	__asm__ volatile("" : "+r"(data), "+r"(command) : : "memory");
	return command;
}

int mariadb_dispatch(int command, void *thread, const char *packet, unsigned int length,
		     bool last) __asm__("_Z16dispatch_command19enum_server_commandP3THDPcjb");
int __attribute__((noinline, noclone, used, visibility("default")))
mariadb_dispatch(int command, void *thread, const char *packet, unsigned int length, bool last)
{
	nap((long)thread);
	__asm__ volatile("" : "+r"(packet), "+r"(length) : : "memory");
	return command + last;
}

/* A query of MS, as a database server runs it, and another command. */
static void job_query(char **args)
{
	struct query_data data = { args[1], (unsigned int)strlen(args[1]) };
	long ms = number(args[2]);

	if (!strcmp(args[0], "postgresql")) {
		DTRACE_PROBE1(postgresql, query__start, args[1]);
		nap(ms);
		DTRACE_PROBE1(postgresql, query__done, args[1]);
	} else if (!strcmp(args[0], "mysql")) {
		mysql_dispatch((void *)ms, &data, 3);
		mysql_dispatch((void *)ms, &data, 14);
	} else {
		mariadb_dispatch(3, (void *)ms, data.text, data.length, false);
		mariadb_dispatch(14, (void *)ms, data.text, data.length, false);
	}
}

/* Two requests of MS, as PHP or Node serve them; Node's overlap. */
static void job_request(char **args)
{
	const char *get = "GET", *post = "POST", *first = "/first", *second = "/second?x=1";
	long ms = number(args[1]);

	if (!strcmp(args[0], "php")) {
		DTRACE_PROBE3(php, request__startup, "index.php", first, get);
		nap(ms);
		DTRACE_PROBE3(php, request__shutdown, "index.php", first, get);
		DTRACE_PROBE3(php, request__startup, "index.php", second, post);
		nap(ms);
		DTRACE_PROBE3(php, request__shutdown, "index.php", second, post);
		return;
	}
	DTRACE_PROBE7(node, http__server__request, NULL, NULL, "127.0.0.1", 1, get, first, 20);
	DTRACE_PROBE7(node, http__server__request, NULL, NULL, "127.0.0.1", 2, post, second, 21);
	nap(ms);
	DTRACE_PROBE4(node, http__server__response, NULL, "127.0.0.1", 2, 21);
	nap(ms);
	DTRACE_PROBE4(node, http__server__response, NULL, "127.0.0.1", 1, 20);
}

/* For uprobes: called a known number of times with a known argument. */
int traffic_probe(int round);
int __attribute__((noinline, noclone, used, visibility("default"))) traffic_probe(int round)
{
	__asm__ volatile("" : "+r"(round) : : "memory");
	return round * 2;
}

/* For uretprobes: it calls itself, and each call sleeps a millisecond. */
int traffic_nested(int depth);
int __attribute__((noinline, noclone, used, visibility("default"))) traffic_nested(int depth)
{
	int below;

	nap(1);
	below = depth > 1 ? traffic_nested(depth - 1) : 0;
	__asm__ volatile("" : "+r"(below) : : "memory");
	return below + 1;
}

static void job_nested(char **args)
{
	if (traffic_nested((int)number(args[0])) != number(args[0]))
		die("traffic_nested");
}

static void job_probe(char **args)
{
	for (long n = number(args[0]), i = 0; i < n; i++)
		if (traffic_probe(i) != i * 2)
			die("traffic_probe");
}

const struct job application_jobs[] = {
	{ "probe", "COUNT", 1, job_probe },	    { "nested", "DEPTH", 1, job_nested },
	{ "gc", "RUNTIME,MS,COUNT", 3, job_gc },    { "query", "SERVER,TEXT,MS", 3, job_query },
	{ "request", "SERVER,MS", 2, job_request }, { 0 },
};
