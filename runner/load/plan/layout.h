/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From BTF to a flat array of fields, walked once per type.
 *
 * A layout says, for a run of bytes that the kernel side wrote, which values stand where. Offsets
 * are BTF's own, never added up from sizes. Nested structs and unions are flattened: the array is
 * in BTF's order of members, and `path` tells the nesting ("src.addr"). Anonymous members are
 * lifted into their parent. Arrays of scalars are one field with `count` > 1; arrays of structs
 * are unrolled ("slot.0.n"). Nothing after this looks at BTF again.
 *
 * All strings live in the arena given to the compiler; a layout is immutable afterwards.
 */
#ifndef BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_H
#define BOMBUS_RUNNER_LOAD_PLAN_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct btf;
struct decoder_chain;
struct err;

/* How the bytes are read. All integers are in the byte order of the machine. */
enum field_kind {
	KIND_UINT,  /* 1, 2, 4, 8 or 16 bytes, or a bit field of 1 to 64 bits */
	KIND_INT,   /* the same, two's complement */
	KIND_BOOL,  /* 1 byte or a bit */
	KIND_FLOAT, /* 4 or 8 bytes (other sizes are KIND_BYTES) */
	KIND_ENUM,  /* as KIND_UINT or KIND_INT (is_signed), with names in `enums` */
	KIND_PTR,   /* shown in hex */
	KIND_TEXT,  /* char array: up to the first NUL; size_bytes is the room */
	KIND_BYTES, /* byte array or anything else: all of it, in hex */
};

/*
 * What the number or the bytes mean: the first typedef on the way that is known by name. Each has
 * a row in meaning_rows.h: MEAN_NONE (0), MEAN_IPV4, MEAN_DURATION_US, MEAN_ERRNO ...
 */
enum meaning {
#define MEANING(id, ...) MEAN_##id,
#include "runner/load/plan/meaning_rows.h"

	MEAN_COUNT,
};

/* Declaration tags on a member, see include/bombus/bombus.bpf.h. */
enum field_tag {
	TAG_LABEL = 1 << 0,
	TAG_VALUE = 1 << 1,
	TAG_COUNTER = 1 << 2,
	TAG_GAUGE = 1 << 3,
	TAG_HIDE = 1 << 4,
	TAG_OBSERVE = 1 << 5,
	TAG_SLOTS = 1 << 6, /* the counts of a histogram, by power of two */
};

struct enum_name {
	int64_t value; /* bit pattern of a uint64_t where !is_signed */
	const char *name;
};

struct enum_names {
	uint32_t count;
	bool is_signed;
	struct enum_name *names; /* sorted by value as stored (signed comparison where is_signed) */
};

#define FIELD_NO_STACKS 255

struct field {
	const char *name;  /* last component; BOMBUS_NAME replaces it; never NULL or "" */
	const char *path;  /* "src.addr": JSON nesting, table header, what -f and --where name */
	const char *label; /* "src_addr": path with '_' */
	const char *help;  /* NULL: none */
	const char *unit; /* BOMBUS_UNIT or the typedef's ("ns", "us", "ms", "bytes"); NULL: none */
	const struct enum_names *enums;	      /* KIND_ENUM only */
	const char *decode;		      /* BOMBUS_DECODE, as written; NULL: none */
	const struct decoder_chain *decoders; /* the same, once the plan is made: its text is what
					       * they make of its bytes */
	uint32_t off_bits;  /* from the start of the record; a multiple of 8 unless is_bits */
	uint32_t size_bits; /* of one element */
	uint32_t count;	    /* elements; 1 for a scalar, KIND_TEXT and KIND_BYTES, unless a list of
			     * what has a meaning of fixed size (ipv6_addr[4]); never 0 */
	uint8_t kind;	    /* enum field_kind */
	uint8_t meaning;    /* enum meaning */
	uint8_t tags;	    /* enum field_tag */
	bool is_signed;	    /* KIND_INT, signed KIND_ENUM */
	bool is_bits;	    /* a bit field: read it with field_u64() only */
	/*
	 * MEAN_IP only, in bytes from the field's start: 16 bytes of address (the first 4 where it
	 * is IPv4) stand at addr_at; the family is an unsigned number of family_bytes at family_at:
	 * 2 (AF_INET) or 4 is IPv4, 10 (AF_INET6) or 6 is IPv6. The bytes between them are padding
	 * or other fields: only these two count for a key.
	 */
	uint8_t addr_at, family_at, family_bytes;
	/* MEAN_KSTACK, MEAN_USTACK: the ids of which STACK_TRACE map, counted in the plan's order;
	 * FIELD_NO_STACKS: it is not known. */
	uint8_t stacks;
	/* MEAN_USTACK: the process whose stack it is stands at pid_at, in bytes from the start of
	 * the record, in 4 bytes. */
	bool has_pid;
	uint32_t pid_at;
	/* MEAN_CONTAINER_ID and the others that --enrich adds: what the number is, MEAN_CGROUP,
	 * MEAN_PID, MEAN_MNTNS or MEAN_NETNS. */
	uint8_t id_of;
};

struct layout {
	const char *type_name; /* "event" for struct event, "__u64" for a scalar; "" anonymous */
	struct field *fields;
	uint32_t nfields;
	uint32_t size_bytes;
	/* The shortest record: the last member may be an array that a record fills in part. Equal
	 * to size_bytes where it is not; 0 counts as that. */
	uint32_t min_bytes;
	bool is_open; /* the last member is a flexible array: a record may be longer than size_bytes
		       */
	bool drops;   /* some field has a decoder that leaves records out */
	bool is_scalar; /* one field that is the whole record; its name is decided by the caller's
			 * default_name or its typedef's meaning ("pid", "uid", ...) */
};

/* The bytes of one IP address, in whatever form. */
#define LAYOUT_IP_BYTES 16

/* More would be a mistake or an attack; beyond it -E2BIG. */
#define LAYOUT_MAX_FIELDS 1024
#define LAYOUT_MAX_DEPTH 16
#define LAYOUT_MAX_BYTES (1u << 20)
/* The bytes of a record's flexible array of char that are shown. */
#define LAYOUT_TAIL_BYTES 1024

/*
 * Compiles type `type_id`. A scalar's only field is called after its meaning, else default_name.
 * Zero-length and flexible arrays at the end are left out; see also layout_compile_record().
 * Function pointers are KIND_PTR.
 * Errors name the type and the path: -EINVAL (no data type, a size that does not fit, offsets
 * outside the record, a cycle), -E2BIG (too many fields, too deep, too large).
 */
int layout_compile(struct arena *arena, const struct btf *btf, uint32_t type_id,
		   const char *default_name, struct layout *ret, struct err *err);

/* By path, else by label, else by the only field whose name it is. NULL: none. */
const struct field *layout_find(const struct layout *layout, const char *name);

/* The typedef that stands for a meaning ("ipv4_addr", "duration_us"); NULL for MEAN_NONE. */
const char *meaning_type(enum meaning meaning);
/* A field whose meaning is a point in time. */
bool field_is_time(const struct field *field);
/* The field that says when a record happened: the first single point in time. NULL: none does. */
const struct field *layout_time(const struct layout *layout);
/*
 * Gives a field another meaning than its type's, where its bytes can have it: numbers become bytes
 * and bytes numbers as the meaning wants them. False: they cannot.
 */
bool field_give_meaning(struct field *field, enum meaning meaning);
/* The same without any meaning, as text up to the first NUL. */
bool field_give_text(struct field *field);
/* A number that can be added or compared as one: ints, bools and floats without a meaning that
 * makes them an identity (addresses, ids, enums, times, ports ... are not). count must be 1. */
bool field_is_numeric(const struct field *field);

/* Bytes from `base` up to which the field reaches (rounded up for bits). */
static inline uint32_t field_end_bytes(const struct field *f)
{
	return (uint32_t)(((uint64_t)f->off_bits + (uint64_t)f->size_bits * f->count + 7) / 8);
}

#endif
