/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record of a map of role spans to a span as OpenTelemetry has it: ids, times, kind and
 * status made out, sampled or not; its attributes stay in the record until they are asked for.
 * spec/maps.md says which members a struct may have. Base/span.h is something else: bytes.
 *
 *	span_plan	which member is what, found once per map by name; immutable
 *	span_maker	what one thread needs to make spans: ids, clock, sampler, counts
 *	trace_span	one span; borrows from the record, the plan and the maker
 *
 * Nothing is allocated after the plans and the maker are made.
 */
#ifndef BOMBUS_RUNNER_READ_SPAN_SPAN_H
#define BOMBUS_RUNNER_READ_SPAN_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "runner/read/record.h"
#include "runner/read/text/resolve.h"

struct err;

/* As OTLP numbers them. */
enum span_kind {
	SPAN_KIND_UNSPECIFIED, /* never in a trace_span: it is internal then */
	SPAN_KIND_INTERNAL,
	SPAN_KIND_SERVER,
	SPAN_KIND_CLIENT,
	SPAN_KIND_PRODUCER,
	SPAN_KIND_CONSUMER,
};
enum span_status { SPAN_STATUS_UNSET, SPAN_STATUS_OK, SPAN_STATUS_ERROR };
const char *span_kind_name(enum span_kind kind);       /* "internal", "server", ... */
const char *span_status_name(enum span_status status); /* "unset", "ok", "error" */

#define TRACE_FLAG_SAMPLED 1

/* ---- Attributes: every member that has no part of its own in the span and is not hidden ---- */

/* The type of an attribute's elements. It follows from the field alone, but for an unsigned
 * number of 2^63 or more, which OTLP's integers cannot hold and which therefore is text. */
enum attr_type {
	ATTR_TEXT,
	ATTR_INT,
	ATTR_DOUBLE,
	ATTR_BOOL,
};

struct span_attr {
	const char *name; /* "src.addr": the member's path, within its event or link */
	const struct field *field;
	uint8_t type;  /* enum attr_type */
	bool is_array; /* count > 1 */
};

struct span_attrs {
	struct span_attr *all;
	uint32_t count;
	uint32_t text_max; /* the room that attr_read() needs for any of these */
};

/* One value: element `i` of the attribute, i < field->count. */
struct attr_value {
	uint8_t type; /* enum attr_type */
	union {
		int64_t i;
		double d;
		bool b;
		struct {
			const char *ptr; /* any bytes; in `room`, or in the record */
			size_t len;
		} text;
	};
};

/* For any field; `name` is borrowed. */
void span_attr_init(struct span_attr *ret, const struct field *field, const char *name);
/* The room that attr_read() needs for it. */
uint32_t span_attr_text_max(const struct span_attr *attr);

/*
 * Reads one. `room` has text_max bytes. False: there is nothing to show (a time that
 * is 0, an address without a family), the attribute is left out.
 */
bool attr_read(const struct span_attr *attr, const void *base, uint32_t i, char *room,
	       struct resolver *resolver, struct attr_value *ret);

/* How many bytes hold at most so many characters of UTF-8; a byte that is not UTF-8 counts as one.
 */
size_t attr_text_cut(const char *text, size_t len, uint64_t max_chars);

/* ---- The plan of a map ---- */

struct span_time {
	const struct field *field; /* NULL: not given */
	uint8_t meaning;	   /* MEAN_KTIME_NS, MEAN_BOOTTIME_NS or MEAN_UNIX_NS */
};

/* 1 or 2 fields whose bytes, one behind the other, are the id. */
struct span_id_fields {
	const struct field *part[2];
	uint32_t nparts; /* 0: not given */
};

/* One element of span_events[N] or span_links[N]. */
struct span_event_plan {
	struct span_time time; /* 0: there is no such event */
	const struct field *name;
	struct span_attrs attrs;
};

struct span_link_plan {
	struct span_id_fields trace_id, span_id; /* either is zero: there is no such link */
	const struct field *trace_state, *trace_flags;
	struct span_attrs attrs;
};

struct span_plan {
	const struct map_plan *map;
	struct span_id_fields trace_id, span_id, parent_id;
	struct span_time start;
	const struct field *duration; /* NULL: a point in time */
	uint64_t duration_unit_ns;
	const struct field *name, *service, *kind, *status, *status_message;
	const struct field *trace_state, *trace_flags;
	const struct field *cgroup; /* the first member that is a cgroup's id; an attribute too */
	struct span_attrs attrs;
	uint32_t text_max; /* the room for any attribute, also of events and links */
	struct span_event_plan *events;
	uint32_t nevents;
	struct span_link_plan *links;
	uint32_t nlinks;
};

/*
 * Compiles the plan of a map of role spans. No member has to be there; one whose type cannot be
 * what its name says (a trace_state of 8 numbers) is an attribute. All strings live in the arena.
 */
void span_plan_init(struct span_plan *ret, struct arena *arena, const struct map_plan *map);
/* The member that a name of a span stands for: "duration", "status" and the other columns of a
 * table. NULL: none. */
const struct field *span_plan_find(const struct span_plan *plan, const char *name);
/* The word for a member that is the kind or the status of a span ("server", "error", "" for unset);
 * NULL: `field` is another one, or has its own text. */
const char *span_word(const struct span_plan *plan, const struct field *field, const void *value);

/* The fields of the trace id, for callers that need nothing else of a span. An id of zeros alone is
 * an error. */
struct span_id_fields span_trace_id(const struct map_plan *map);

/* ---- Sampling ---- */

enum sampler_kind { SAMPLER_ON, SAMPLER_OFF, SAMPLER_RATIO };

/*
 * Of a parent-based sampler all this is about roots, and about spans whose record does not tell
 * whether the parent was sampled; every other one goes as its parent did. The ratio looks at the
 * trace id alone, so that a trace is taken or left as a whole, here and by everyone else.
 */
struct span_sampler {
	uint8_t kind; /* enum sampler_kind */
	bool parent_based;
	uint64_t below; /* SAMPLER_RATIO: of 2^63, by the low 63 bits of the trace id's end */
};

#define SPAN_SAMPLER_DEFAULT ((struct span_sampler){ SAMPLER_ON, true, 0 })

/* As in OTEL_TRACES_SAMPLER and its _ARG (NULL or "": 1.0): always_on, always_off, traceidratio
 * and parentbased_ before each. -EINVAL with what there is. */
int span_sampler_parse(struct span_sampler *ret, const char *name, const char *arg,
		       struct err *err);
bool span_sampled(const struct span_sampler *sampler, const uint8_t trace_id[TRACE_ID_BYTES],
		  bool has_parent, bool parent_known, bool parent_sampled);

/* ---- Making spans ---- */

struct span_text {
	const char *ptr; /* not NUL-ended; any bytes */
	size_t len;
};

struct trace_span {
	const struct span_plan *plan;
	const struct record *record; /* attributes are read from its value */
	uint8_t trace_id[TRACE_ID_BYTES];
	uint8_t span_id[SPAN_ID_BYTES];
	uint8_t parent_id[SPAN_ID_BYTES]; /* all zero: a root */
	bool is_root;
	uint8_t flags;		   /* W3C trace flags; TRACE_FLAG_SAMPLED is always set */
	uint8_t kind;		   /* enum span_kind */
	uint8_t status;		   /* enum span_status */
	uint64_t start_ns, end_ns; /* Unix time */
	uint64_t cgroup;	   /* 0: not given */
	/* name is the map's where the record has none; of the others len 0 is none. */
	struct span_text name, service, status_message, trace_state;
	bool service_is_member; /* else it is the map's BOMBUS_SERVICE() */
};

struct span_maker;

/* All cumulative, and exact. Any thread may read them. */
struct span_counts {
	uint64_t made;
	uint64_t unsampled; /* left out by the sampler */
	uint64_t invalid;   /* an all-zero trace id */
};

/* One belongs to one thread, as the resolver does; that and the clock are borrowed. Ids come from
 * a generator of its own that the system's random numbers seeded. */
struct span_maker *span_maker_new(const struct span_sampler *sampler, struct wallclock *clock,
				  struct resolver *resolver);
void span_maker_free(struct span_maker *maker);

/*
 * Makes a span. 0; 1 when the sampler leaves it out; -EINVAL when its trace id is all zero. In the
 * last two cases *ret is not to be used. The span is valid until the next call and as long as the
 * record is.
 */
int span_make(struct span_maker *maker, const struct span_plan *plan, const struct record *record,
	      struct trace_span *ret);
struct span_counts span_maker_counts(const struct span_maker *maker);

/* Never all zero. For spans that no record stands behind. */
void span_new_trace_id(struct span_maker *maker, uint8_t ret[TRACE_ID_BYTES]);
void span_new_span_id(struct span_maker *maker, uint8_t ret[SPAN_ID_BYTES]);

struct resolver *span_maker_resolver(const struct span_maker *maker);

/* The time of an event of the span; 0: there is no such event. */
uint64_t span_event_time(struct span_maker *maker, const struct span_event_plan *event,
			 const void *value);
/* The text of a name as span_make() reads one; the text is valid until the next call. */
struct span_text span_text_read(struct span_maker *maker, const struct field *field,
				const void *value);
/* False: zero, or not given. */
bool span_id_read(const struct span_id_fields *fields, const void *value, uint8_t *ret,
		  size_t size);

/* A program's name as that of a service: "exec-trace" of "example.org/x/exec-trace:1.2" and of
 * "./exec-trace.bpf.o". Part of the text given. */
struct span_text program_service(const char *program);

#endif
