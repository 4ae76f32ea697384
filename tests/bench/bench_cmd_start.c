// SPDX-License-Identifier: Apache-2.0
/*
 * What it costs to start: from exec to attached, and the memory held then and at most, of
 * `bombus run` and of the same object opened, loaded and attached by nothing but libbpf. Both are
 * started in turn, so that their ratio means something on a machine whose speed changes.
 *
 *	bench_cmd_start BOMBUS OBJECT [RUNS]
 *
 * Prints one line of JSON.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/util.h"

#define MAX_RUNS 101
#define ATTACHED "attached"

struct figures {
	double ms[MAX_RUNS];
	long rss_kb, anon_kb, peak_kb; /* the largest of all runs */
};

/* The other program: this is all that it does. */
static int baseline(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			bpf_map__set_value_size(map, 0);
	if (bpf_object__load(obj))
		return 1;
	bpf_object__for_each_program(prog, obj)
		if (!bpf_program__attach(prog))
			return 1;
	fprintf(stderr, "%s\n", ATTACHED);
	pause();
	return 0;
}

static long status_kb(pid_t pid, const char *key)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", pid);
	_cleanup_free_ void *text = NULL;
	size_t len;
	char *at;

	if (read_file(path, 1 << 16, &text, &len, NULL) < 0)
		return -1;
	at = strstr(text, key);
	return at ? strtol(at + strlen(key) + 1, NULL, 10) : -1;
}

/* Waits for the word on the child's standard error; false when it ended without it. */
static bool wait_attached(int fd)
{
	char text[8192];
	size_t len = 0;

	while (len < sizeof(text) - 1) {
		ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, ATTACHED))
			return true;
	}
	fprintf(stderr, "%.*s\n", (int)len, text);
	return false;
}

static bool run_once(char *const argv[], struct figures *f, int run)
{
	uint64_t start_ns;
	int fds[2], devnull;
	bool ok;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	start_ns = now_mono_ns();
	pid = fork();
	if (pid == 0) {
		devnull = open("/dev/null", O_RDWR);
		dup2(devnull, STDIN_FILENO);
		dup2(devnull, STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	ok = wait_attached(fds[0]);
	f->ms[run] = (double)(now_mono_ns() - start_ns) / 1e6;
	usleep(300000); /* after start: what is only needed for starting has gone */
	f->rss_kb = MAX(f->rss_kb, status_kb(pid, "VmRSS:"));
	f->anon_kb = MAX(f->anon_kb, status_kb(pid, "RssAnon:"));
	f->peak_kb = MAX(f->peak_kb, status_kb(pid, "VmHWM:"));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	return ok;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(struct figures *f, int runs)
{
	qsort(f->ms, (size_t)runs, sizeof(f->ms[0]), by_value);
	return f->ms[runs / 2];
}

static void print_figures(const char *name, struct figures *f, int runs, const char *end)
{
	double middle = median(f, runs);

	printf("{\"name\":\"%s\",\"ms\":%.1f,\"least_ms\":%.1f,\"most_ms\":%.1f,"
	       "\"resident_mb\":%.1f,\"private_mb\":%.1f,\"peak_mb\":%.1f}%s",
	       name, middle, f->ms[0], f->ms[runs - 1], (double)f->rss_kb / 1024,
	       (double)f->anon_kb / 1024, (double)f->peak_kb / 1024, end);
}

int main(int argc, char **argv)
{
	static struct figures libbpf, bare, metrics;
	int runs;

	if (argc == 3 && streq(argv[1], "--baseline"))
		return baseline(argv[2]);
	if (argc < 3) {
		fprintf(stderr, "usage: %s BOMBUS OBJECT [RUNS]\n", argv[0]);
		return 2;
	}
	runs = argc > 3 ? MIN(MAX((int)strtol(argv[3], NULL, 10), 1), MAX_RUNS) : 11;
	char *by_libbpf[] = { argv[0], "--baseline", argv[2], NULL };
	char *by_bombus[] = { argv[1], "run", argv[2], "-o", "json", NULL };
	char *with_metrics[] = { argv[1], "run", argv[2], "-o", "none", "--metrics=127.0.0.1:0",
				 NULL };

	for (int i = 0; i < runs; i++)
		if (!run_once(by_libbpf, &libbpf, i) || !run_once(by_bombus, &bare, i) ||
		    !run_once(with_metrics, &metrics, i)) {
			fprintf(stderr, "a run failed\n");
			return 1;
		}
	printf("{\"bench\":\"start\",\"runs\":%d,\"starts\":[", runs);
	print_figures("libbpf alone", &libbpf, runs, ",");
	print_figures("bombus run -o json", &bare, runs, ",");
	print_figures("bombus run --metrics", &metrics, runs, "]}\n");
	return 0;
}
