/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the filter language:
 *
 *	filter_parse.c	text -> tree of nodes -> tests with jumps; errors with a caret
 *	filter_number.c	written numbers with their units, names that stand for numbers
 *	filter_value.c	a field, an operator and a written value -> a node
 *	filter.c	regular expressions, matching, lifetime
 */
#ifndef BOMBUS_RUNNER_READ_FILTER_FILTER_IMPL_H
#define BOMBUS_RUNNER_READ_FILTER_FILTER_IMPL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "runner/load/plan/plan.h"
#include "runner/read/record.h"

struct err;
struct regex;

/* How a test looks at an element of its field. */
enum test_how {
	HOW_TRUE, /* not zero, not empty */
	HOW_UINT,
	HOW_INT,
	HOW_WIDE, /* 128 bits */
	HOW_DOUBLE,
	HOW_PREFIX, /* addresses: the first `bits` bits */
	HOW_BYTES,  /* equal, all of them */
	HOW_TEXT,   /* equal up to NUL */
	HOW_PLAIN,  /* equal, as field_text() writes it */
	HOW_REGEX,
};

enum test_cmp { CMP_EQ, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

#define GOTO_ACCEPT UINT32_MAX
#define GOTO_REJECT (UINT32_MAX - 1)

/* One question; the answer says which test comes next. Tests only jump to lower indices. */
struct test {
	const struct field *field;
	uint32_t on_true, on_false;
	uint8_t part; /* enum part */
	uint8_t how;
	uint8_t cmp;
	uint8_t bits; /* HOW_PREFIX */
	uint32_t len; /* of bytes */
	union {
		uint64_t u;
		int64_t i;
		double d;
		const uint8_t *bytes; /* HOW_PREFIX, BYTES, TEXT, PLAIN; HOW_WIDE: an __int128 */
		struct regex *regex;
	};
};

enum node_kind { NODE_TEST, NODE_CONST, NODE_NOT, NODE_AND, NODE_OR };

struct node {
	uint8_t kind;
	bool value;	   /* NODE_CONST */
	struct node *last; /* the last child; they are linked backwards, as they are needed */
	struct node *prev;
	struct test test;
};

struct filter {
	struct arena arena;
	struct test *tests;
	uint32_t ntests;
	uint32_t first;
	struct regex *regexes;
	char *scratch; /* for fields whose text has to be made */
	size_t scratch_bytes;
	struct resolver *names; /* NULL: none; borrowed */
	struct filter *next;	/* has to match as well */
};

enum word_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MATCH, OP_NO_MATCH, OP_IN };

/* A value as written. `text` has its quotes taken off and a NUL. */
struct word {
	const char *text;
	size_t len;
	size_t at; /* where it starts in the expression, for the caret */
	bool quoted;
};

struct parser {
	struct filter *filter;
	const struct map_plan *map;
	const char *text;
	size_t pos;
	unsigned depth;
	struct err *err;
};

/* filter_node.c. Sets message and caret. parse_fail() is -EINVAL, which the checkers can see in a
 * macro. */
void parse_say(struct parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define parse_fail(p, at, ...) (parse_say((p), (at), __VA_ARGS__), -EINVAL)

struct node *node_new(struct parser *p, enum node_kind kind);
void node_add(struct node *parent, struct node *child);

struct number {
	__int128 whole; /* rounded down */
	bool rest;	/* there is something behind the point */
	double exact;
};

/* filter_number.c. Starts like a number: what follows may still not be one. */
bool word_is_number(const struct word *word);
int word_number(struct parser *p, const struct field *field, const struct word *word,
		struct number *ret);
/* A name of the field's enum, its meaning, or the running system. */
bool word_name(const struct field *field, const char *text, int64_t *ret);
/* -EINVAL, with the nearest name as hint. */
int fail_name(struct parser *p, const struct field *field, const struct word *word);
/* How many nanoseconds the field counts in; 0: it is no duration. */
uint64_t field_unit_ns(const struct field *field);

/* filter_value.c. OP_EQ to OP_GE, and OP_IN for one value of its list. */
int value_node(struct parser *p, const struct field *field, enum part part, enum word_op op,
	       const struct word *word, struct node **ret);
/* The bare field. */
struct node *truth_node(struct parser *p, const struct field *field, enum part part);

/* filter_node.c. Room for the text of one element, in the filter's scratch memory. */
int need_scratch(struct parser *p, const struct field *field, size_t at);
/* OP_MATCH; `at` is the place of the pattern in the expression. */
int regex_node(struct parser *p, const struct field *field, enum part part, const char *pattern,
	       size_t at, struct node **ret);
bool regex_matches(const struct regex *regex, const char *text, size_t len);
void regex_free_all(struct filter *filter);

#endif
