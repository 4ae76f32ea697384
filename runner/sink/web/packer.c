// SPDX-License-Identifier: Apache-2.0
/* Boundary file of ISA-L, libzstd and, in this room, zlib. */
#include "runner/sink/web/packer.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include "base/dynlib.h"
#include "base/util.h"

/* Each takes 90 to 270 KB. */
#define PACKERS_MAX 8
/* Metrics are so alike from line to line that more effort saves little. */
#define ZLIB_LEVEL 1
#define ZLIB_WINDOW (15 + 16) /* with gzip's head and tail */
#define ZLIB_MEMORY 8
#define ISAL_LEVEL 1
#define ISAL_ROOM ISAL_DEF_LVL1_SMALL
#define STASH_BYTES 512
#define ZSTD_LEVEL 1
#define ZSTD_WINDOW 17 /* 128 KB */

struct packers {
	unsigned in_use;
	struct {
		__typeof__(&isal_deflate_init) init;
		__typeof__(&isal_deflate) deflate;
	} isal;
	struct {
		__typeof__(&ZSTD_createCCtx) create;
		__typeof__(&ZSTD_freeCCtx) release;
		__typeof__(&ZSTD_CCtx_setParameter) set;
		__typeof__(&ZSTD_compressStream2) compress;
		__typeof__(&ZSTD_isError) is_error;
	} zstd;
	bool has_isal, has_zstd;
};

struct pack_ops {
	bool (*begin)(struct packer *packer);
	int (*run)(struct packer *packer, struct pack_io *io);
	void (*end)(struct packer *packer);
};

struct isal_state {
	struct isal_zstream stream;
	uint8_t room[ISAL_ROOM];
	uint8_t stash[STASH_BYTES];
	size_t stash_at, stash_len;
};

struct packer {
	struct packers *packers;
	const struct pack_ops *ops;
	union {
		z_stream zlib;
		struct isal_state *isal;
		ZSTD_CCtx *zstd;
	};
};

const char *pack_form_name(enum pack_form form)
{
	static const char *const names[] = {
		[PACK_NONE] = "identity", [PACK_GZIP] = "gzip", [PACK_ZSTD] = "zstd"
	};

	return names[form];
}

struct packers *packers_new(bool load)
{
	struct packers *packers = xcalloc(1, sizeof(*packers));
	const struct dynlib_symbol isal[] = {
		{ "isal_deflate_init", &packers->isal.init },
		{ "isal_deflate", &packers->isal.deflate },
	};
	const struct dynlib_symbol zstd[] = {
		{ "ZSTD_createCCtx", &packers->zstd.create },
		{ "ZSTD_freeCCtx", &packers->zstd.release },
		{ "ZSTD_CCtx_setParameter", &packers->zstd.set },
		{ "ZSTD_compressStream2", &packers->zstd.compress },
		{ "ZSTD_isError", &packers->zstd.is_error },
	};

	packers->has_isal = load && dynlib_open(NULL, "libisal.so.2", "libisal2", "cannot compress",
						isal, ARRAY_LEN(isal), NULL) == 0;
	packers->has_zstd = load && dynlib_open(NULL, "libzstd.so.1", "libzstd1", "cannot compress",
						zstd, ARRAY_LEN(zstd), NULL) == 0;
	return packers;
}

void packers_free(struct packers *packers)
{
	free(packers);
}

bool packers_has_zstd(const struct packers *packers)
{
	return packers->has_zstd;
}

/* The libraries count in 32 bits. */
static uint32_t limit(size_t len)
{
	return (uint32_t)MIN(len, (size_t)INT_MAX);
}

/* --- zlib ------------------------------------------------------------------------------------- */

static bool zlib_begin(struct packer *packer)
{
	return deflateInit2(&packer->zlib, ZLIB_LEVEL, Z_DEFLATED, ZLIB_WINDOW, ZLIB_MEMORY,
			    Z_DEFAULT_STRATEGY) == Z_OK;
}

static int zlib_run(struct packer *packer, struct pack_io *io)
{
	z_stream *z = &packer->zlib;
	uint32_t in = limit(io->in_len), out = limit(io->out_len);
	int code;

	z->next_in = (Bytef *)io->in;
	z->avail_in = in;
	z->next_out = (Bytef *)io->out;
	z->avail_out = out;
	code = deflate(z, io->last && in == io->in_len ? Z_FINISH : Z_NO_FLUSH);
	io->in += in - z->avail_in;
	io->in_len -= in - z->avail_in;
	io->out += out - z->avail_out;
	io->out_len -= out - z->avail_out;
	if (code == Z_STREAM_END)
		return 1;
	return code == Z_OK || code == Z_BUF_ERROR ? 0 : -EIO;
}

static void zlib_end(struct packer *packer)
{
	deflateEnd(&packer->zlib);
}

/* --- ISA-L ------------------------------------------------------------------------------------ */

static bool isal_begin(struct packer *packer)
{
	struct isal_state *state = xmalloc(sizeof(*state));

	packer->packers->isal.init(&state->stream);
	state->stream.level = ISAL_LEVEL;
	state->stream.level_buf = state->room;
	state->stream.level_buf_size = sizeof(state->room);
	state->stream.gzip_flag = IGZIP_GZIP;
	state->stash_at = state->stash_len = 0;
	packer->isal = state;
	return true;
}

/* Into `out`, which has STASH_BYTES at least. */
static int isal_step(struct packer *packer, struct pack_io *io, uint8_t *out, size_t room,
		     size_t *ret_made)
{
	struct isal_zstream *s = &packer->isal->stream;
	uint32_t in = limit(io->in_len);

	s->next_in = (uint8_t *)io->in;
	s->avail_in = in;
	s->next_out = out;
	s->avail_out = limit(room);
	s->end_of_stream = io->last && in == io->in_len;
	if (packer->packers->isal.deflate(s) != COMP_OK)
		return -EIO;
	io->in += in - s->avail_in;
	io->in_len -= in - s->avail_in;
	*ret_made = limit(room) - s->avail_out;
	return 0;
}

/* The library makes no progress where there is room for some bytes only: these go through the
 * stash. */
static int isal_run(struct packer *packer, struct pack_io *io)
{
	struct isal_state *state = packer->isal;
	size_t n;
	int code;

	if (state->stash_at == state->stash_len && io->out_len >= STASH_BYTES) {
		code = isal_step(packer, io, (uint8_t *)io->out, io->out_len, &n);
		if (code < 0)
			return code;
		io->out += n;
		io->out_len -= n;
	} else {
		if (state->stash_at == state->stash_len) {
			state->stash_at = 0;
			code = isal_step(packer, io, state->stash, STASH_BYTES, &state->stash_len);
			if (code < 0)
				return code;
		}
		n = MIN(io->out_len, state->stash_len - state->stash_at);
		memcpy(io->out, state->stash + state->stash_at, n);
		state->stash_at += n;
		io->out += n;
		io->out_len -= n;
	}
	return state->stream.internal_state.state == ZSTATE_END &&
	       state->stash_at == state->stash_len;
}

static void isal_end(struct packer *packer)
{
	free(packer->isal);
}

/* --- zstd ------------------------------------------------------------------------------------- */

static bool zstd_begin(struct packer *packer)
{
	const struct packers *p = packer->packers;

	packer->zstd = p->zstd.create();
	return packer->zstd &&
	       !p->zstd.is_error(p->zstd.set(packer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) &&
	       !p->zstd.is_error(p->zstd.set(packer->zstd, ZSTD_c_windowLog, ZSTD_WINDOW));
}

static int zstd_run(struct packer *packer, struct pack_io *io)
{
	const struct packers *p = packer->packers;
	ZSTD_inBuffer in = { io->in, io->in_len, 0 };
	ZSTD_outBuffer out = { io->out, io->out_len, 0 };
	size_t left =
		p->zstd.compress(packer->zstd, &out, &in, io->last ? ZSTD_e_end : ZSTD_e_continue);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (p->zstd.is_error(left))
		return -EIO;
	return io->last && !left;
}

static void zstd_end(struct packer *packer)
{
	packer->packers->zstd.release(packer->zstd);
}

/* --- all -------------------------------------------------------------------------------------- */

static const struct pack_ops *ops_of(const struct packers *packers, enum pack_form form)
{
	static const struct pack_ops zlib = { zlib_begin, zlib_run, zlib_end },
				     isal = { isal_begin, isal_run, isal_end },
				     zstd = { zstd_begin, zstd_run, zstd_end };

	if (form == PACK_ZSTD)
		return packers->has_zstd ? &zstd : NULL;
	if (form == PACK_GZIP)
		return packers->has_isal ? &isal : &zlib;
	return NULL;
}

struct packer *packer_new(struct packers *packers, enum pack_form form)
{
	const struct pack_ops *ops = packers ? ops_of(packers, form) : NULL;
	struct packer *packer;

	if (!ops || packers->in_use >= PACKERS_MAX)
		return NULL;
	packer = xcalloc(1, sizeof(*packer));
	packer->packers = packers;
	packer->ops = ops;
	if (!ops->begin(packer)) {
		ops->end(packer);
		free(packer);
		return NULL;
	}
	packers->in_use++;
	return packer;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	packer->ops->end(packer);
	packer->packers->in_use--;
	free(packer);
}

int packer_run(struct packer *packer, struct pack_io *io)
{
	return packer->ops->run(packer, io);
}
