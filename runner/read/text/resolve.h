/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that the running system knows: users, groups, cgroup paths, block devices, interfaces,
 * kernel symbols, stacks. Each answer is cached, each cache is bounded (the oldest goes), a failed
 * look-up is remembered for a while. One resolver belongs to one thread.
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_RESOLVE_H
#define BOMBUS_RUNNER_READ_TEXT_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/clock.h"
#include "runner/load/plan/layout.h"
#include "runner/read/stack/stacks.h"
#include "runner/read/who/who.h"

struct resolver;

/* The clock is borrowed. */
struct resolver *resolver_new(struct wallclock *clock);

/* The opener opens cgroups for it; borrowed. */
struct opener;
void resolver_use_opener(struct resolver *resolver, struct opener *opener);

/* Another place that knows the names: a recording, made on another machine. It is asked each time,
 * by any thread. */
struct name_source {
	/* Writes at most resolve_max() bytes. */
	bool (*find)(void *ctx, enum meaning meaning, uint64_t id, char text[]);
	void *ctx;
};
/* Both are borrowed. */
struct resolver *resolver_new_from(const struct name_source *source, struct wallclock *clock);

/* The system's pci.ids, opened when it is first asked for; NULL: there is none. */
struct pci_ids;
const struct pci_ids *resolver_pci(struct resolver *resolver);

/* A STACK_TRACE map: `number` is that of field.stacks. A descriptor of -1: there is none. */
void resolver_set_stacks(struct resolver *resolver, uint8_t number, int stack_map_fd,
			 uint32_t max_frames);
/* `who` knows containers and pods; borrowed. wait_ms: the longest wait for a name, once for each
 * id. */
void resolver_set_who(struct resolver *resolver, struct who *who, unsigned wait_ms);
/* `stacks` names the frames of processes; borrowed. NULL: they stay addresses. */
void resolver_set_user_stacks(struct resolver *resolver, struct stacks *stacks);
void resolver_free(struct resolver *resolver);

struct wallclock *resolver_clock(const struct resolver *resolver);

/*
 * The name of an id by its meaning (MEAN_UID, GID, CGROUP, DEV, IFINDEX, KSYM, KSTACK, USTACK),
 * or NULL: show the number. At most resolve_max() bytes with its NUL, valid until the next call.
 * The id of a stack is made by resolve_id().
 */
#define RESOLVE_MAX 1024
#define RESOLVE_STACK_MAX STACKS_TEXT /* of a stack; no name is longer */
const char *resolve(struct resolver *resolver, enum meaning meaning, uint64_t id);

static inline size_t resolve_max(enum meaning meaning)
{
	return meaning == MEAN_KSTACK || meaning == MEAN_USTACK ? RESOLVE_STACK_MAX : RESOLVE_MAX;
}

/* The upper bits hold the kind of an id, enum who_id; ids of cgroups do not reach them. */
#define RESOLVE_KIND_SHIFT 60
static inline uint64_t resolve_id_of(enum meaning meaning, uint64_t value)
{
	uint64_t kind = meaning == MEAN_PID	? WHO_PID
			: meaning == MEAN_MNTNS ? WHO_MNTNS
			: meaning == MEAN_NETNS ? WHO_NETNS
						: WHO_CGROUP;

	return (value & ((1ULL << RESOLVE_KIND_SHIFT) - 1)) | kind << RESOLVE_KIND_SHIFT;
}

/* The process of a user stack in the record or key at `base`; 0: it is not known. */
#define RESOLVE_PID_SHIFT 40
static inline uint64_t resolve_pid(const struct field *field, const void *base)
{
	uint32_t pid;

	if (!field->has_pid)
		return 0;
	memcpy(&pid, (const char *)base + field->pid_at, sizeof(pid));
	return pid & ((1u << 22) - 1); /* Linux has no higher ones */
}

/*
 * The id under which a field's value is looked up, in the record or key at `base`. It keeps the ids
 * of several STACK_TRACE maps apart, and the same stack of several processes; ids of the first map
 * and of no process are unchanged.
 */
static inline uint64_t resolve_id(const struct field *field, uint64_t value, const void *base)
{
	if (field->id_of)
		return resolve_id_of((enum meaning)field->id_of, value);
	if (field->meaning == MEAN_KSTACK || field->meaning == MEAN_USTACK)
		return resolve_pid(field, base) << RESOLVE_PID_SHIFT |
		       (uint64_t)field->stacks << 32 | (uint32_t)value;
	return value;
}

/* The other way, for what people type: MEAN_UID, GID, DEV (also "253:0") and IFINDEX. False: no
 * such name. */
bool resolve_value(enum meaning meaning, const char *name, uint64_t *ret);

#endif
