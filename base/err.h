/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors. A function that can fail returns int: 0 or more is success, -errno is
 * failure, and takes a caller-owned `struct err *err` last, which may be NULL.
 *
 *	return err_set(err, ENOENT, "no map named '%s'", name);
 *
 * Outer layers add what they were doing with err_wrap(); the message reads
 * "outer: inner". A hint says what to do about it. `detail` holds lines that belong
 * above the message, such as the end of the verifier's log. Nothing here allocates,
 * prints or exits; cmd/main.c prints the final error once and exits with err->exit.
 */
#ifndef BOMBUS_BASE_ERR_H
#define BOMBUS_BASE_ERR_H

/* Exit statuses of the program (spec: the command line). */
enum err_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,	   /* wrong usage: options, parameters, filters */
	EXIT_KERNEL = 3,   /* the kernel refused */
	EXIT_REGISTRY = 4, /* registry or credentials */
	EXIT_TRUST = 5,	   /* signature not trusted */
	EXIT_INTERRUPTED = 130,
};

struct err {
	int exit; /* enum err_exit; 0 counts as EXIT_FAILED */
	char msg[1024];
	char hint[512];
	char detail[4096];
};

/*
 * Replaces the message (not hint, detail or exit, which may have been given before) and returns
 * -code, so that it can be returned at once. The old message may be among the arguments.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The user's words are wrong: as err_set with EINVAL, and the exit status is EXIT_USAGE. */
int err_usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the message. */
void err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The first hint stays: the innermost place knows best. */
void err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Replaces the detail; keeps the end when it is too long, cut at a line. */
void err_detail(struct err *err, const char *text);

/* The exit status that this error ends the program with. The first one set stays. */
void err_exit(struct err *err, enum err_exit exit);

/* As err_set with the message of errno `code` after "what: ". */
int err_sys(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The static analyzer looks at one file at a time; these macros tell it that a failure is never 0.
 */
#if defined(__clang_analyzer__) && !defined(BOMBUS_ERR_C)
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_usage(...) (err_usage(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#endif

#endif
