/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of decoders, which make text of a field's bytes (BOMBUS_DECODE). The words:
 *
 *	static_map 1=read 2=write		each number's or text's own text
 *	static_map allow_unknown 1=read		others stay as they are, not "unknown:3"
 *	string | regexp ^(kworker).* ^sh$	what matches; the rest is left out as a whole
 *	hex, ksym, majorminor ...		runner/load/decode/decoder_rows.h
 *
 * Words are parted by blanks; quotes '...' or "..." hold them together, and a lone '|' parts two
 * decoders. Where the first one takes text, `uint` or `string` comes before it by itself.
 */
#ifndef BOMBUS_RUNNER_LOAD_DECODE_DECODERS_H
#define BOMBUS_RUNNER_LOAD_DECODE_DECODERS_H

#include "runner/load/plan/layout.h"

struct arena;
struct err;

/* Of a text that a chain makes; what would be longer is cut off. */
#define DECODE_MAX 4096
#define DECODERS_MAX 8
#define DECODER_WORDS_MAX 4096

enum decoder_id {
#define DECODER(word, ...) DECODER_##word,
#include "runner/load/decode/decoder_rows.h"
	DECODER_COUNT,
};

enum decoder_input { DECODES_BYTES, DECODES_NUMBER, DECODES_TEXT };

struct decoder_traits {
	const char *word;
	uint8_t takes, gives; /* enum decoder_input */
	uint8_t sizes;
	bool lasting, exact;
};
extern const struct decoder_traits decoder_table[DECODER_COUNT];

struct decoder_pair {
	const char *from, *to;
};

struct decoder {
	uint8_t id;	    /* enum decoder_id */
	bool allow_unknown; /* DECODER_static_map */
	struct decoder_pair *pairs;
	uint32_t npairs;
	const char **regexps; /* DECODER_regexp */
	void **codes;	      /* pcre2_code */
	uint32_t nregexps;
};

struct decoder_chain {
	struct decoder all[DECODERS_MAX];
	uint32_t count;
	bool lasting, exact;
	bool drops;		    /* some of its texts leave the whole series or record out */
	struct decoder_chain *next; /* of the plan */
};

/* Gives the field the chain of these words; *list gets it as its first. EINVAL: what is wrong, and
 * a hint. decoders_release() frees what the arena does not. */
int decoders_give(struct arena *arena, struct field *field, const char *words,
		  struct decoder_chain **list, struct err *err);
void decoders_release(struct decoder_chain *list);

#endif
