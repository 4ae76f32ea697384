/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object that one process started, in the hands of another one that opened it from the same
 * bytes with the same options: as if object_start() had been called there.
 *
 *	in the loader	object_start(), object_hand_over(): what to send
 *	in the front	object_open(), object_adopt(): what was received
 *
 * All attachments hang on descriptors that are handed over, but for those that libbpf keeps books
 * for (USDT) and for events on all CPUs. The process that started the object has to live for these,
 * and hands over a socket that ends it, see HANDED_KEEPER.
 */
#ifndef BOMBUS_RUNNER_LOAD_ATTACH_HANDED_H
#define BOMBUS_RUNNER_LOAD_ATTACH_HANDED_H

#include "runner/load/attach/object.h"

enum handed_kind {
	HANDED_MAP,    /* index: in the order of the object's file */
	HANDED_PROG,   /* index: of the program in the plan, as in those below */
	HANDED_LINK,   /* closing it detaches */
	HANDED_SOCKET, /* so does closing this, which is no link */
	HANDED_GUARD,  /* a socket whose other end detaches when this one is shut */
	HANDED_STATS,  /* keeps the kernel's statistics on */
	HANDED_KEEPER, /* as HANDED_GUARD: the process that started the object */
	HANDED_KINDS
};

struct handed {
	uint32_t kind, index;
	uint32_t ifindex; /* of HANDED_GUARD */
	uint32_t passive; /* an iterator's link */
	int fd;
};

struct handed_prog {
	int32_t state, code;
	struct step attach;
	char reason[256]; /* "": none */
};

/* What is sent, with descriptors that the object still owns; malloc'ed. True: something cannot be
 * handed over, and the object has to live on until the front lets go. */
bool object_hand_over(const struct object *object, struct handed **ret, size_t *ret_count);
void object_hand_status(const struct object *object, struct handed_prog *ret);

/* The descriptors become the object's, also on failure. -EPROTO: they do not fit the plan. */
int object_adopt(struct object *object, const struct object_times *times,
		 const struct handed_prog *progs, size_t nprogs, const struct handed *handed,
		 size_t count, struct err *err);

/* Adds a HANDED_KEEPER: the object owns its descriptor. */
int object_keep(struct object *object, const struct handed *keeper);

/* What was packed for the loader: the bytes as libbpf gets them. NULL after a start. */
const void *object_bytes(const struct object *object, size_t *ret_len);
const struct object_opts *object_options(const struct object *object);
const char *object_name(const struct object *object);

#endif
