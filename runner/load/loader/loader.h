/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader: a small process with the capabilities that bpf() and attaching need, for a process
 * that talks to the network and has none.
 *
 *	loader_start()		forks it: the first thing that the front does, without threads
 *	privileges_drop()	the front drops all that it has, for good
 *	loader_attach()		starts an object that the front opened; the front gets the
 *				descriptors, as if it had called object_start() itself
 *	loader_free()		ends the loader
 *
 * The loader makes a process of its own for each object. That one opens the object again from the
 * same bytes and options, loads and attaches it, hands the descriptors over a socket, and ends. It
 * lives on only for attachments that no descriptor stands for (handed.h); they go when the front
 * closes its end of the socket. So the loader keeps no state of any program, a fault of libbpf ends
 * one attempt, and memory that libbpf took is given back.
 *
 * Attachments end with the front, however it ends. When the loader dies, loader_fd() becomes
 * readable, and the front has to detach and end: it could start nothing any more.
 *
 * The loader opens no network socket (a seccomp filter sees to that), starts no program and gets no
 * capability back. Of a request it believes only that the front may load programs. An attacker who
 * took over the front can load and attach any BPF program that the kernel accepts, pin below bpffs,
 * and have a file read as BTF; but cannot write files or become root, except through a BPF
 * program. The front checks the form of the loader's answers.
 */
#ifndef BOMBUS_RUNNER_LOAD_LOADER_LOADER_H
#define BOMBUS_RUNNER_LOAD_LOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loader;
struct object;

/* In the process before it has threads or files of its own: the loader inherits what is open but
 * the standard descriptors, and closes it. */
int loader_start(struct loader **ret, struct err *err);
/* NULL is fine. The loader has ended when this returns. */
void loader_free(struct loader *loader);

/* Readable once the loader has ended; for a loop. */
int loader_fd(const struct loader *loader);
/* How it ended, in one line: "the loader was killed by signal 9". After loader_fd() is readable. */
void loader_end(struct loader *loader, char *text, size_t size);

/* As object_start(), and with `statistics` object_enable_stats(). Any thread; several at a time for
 * different objects. Waits for as long as the kernel takes. */
int loader_attach(struct loader *loader, struct object *object, bool statistics, struct err *err);

#endif
