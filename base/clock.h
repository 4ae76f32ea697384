/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the kernel's clocks to wall-clock time. bpf_ktime_get_ns() is CLOCK_MONOTONIC,
 * bpf_ktime_get_boot_ns() is CLOCK_BOOTTIME. Both become Unix nanoseconds by the offset at the
 * event's time: the module keeps a history of (effective from, offset) pairs, which grows when
 * wallclock_refresh() finds that the clock was set or the machine slept.
 * One thread refreshes; any thread may convert.
 */
#ifndef BOMBUS_BASE_CLOCK_H
#define BOMBUS_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* When a step began and ended, by CLOCK_MONOTONIC; end_ns 0: it never ran. */
struct step {
	uint64_t start_ns, end_ns;
};

struct wallclock;

struct wallclock *wallclock_new(void);
void wallclock_free(struct wallclock *clock);

uint64_t wallclock_from_mono(struct wallclock *clock, uint64_t mono_ns);
uint64_t wallclock_from_boot(struct wallclock *clock, uint64_t boot_ns);

/* Looks at the offsets again; cheap enough for once a second and whenever wallclock_fd() is
 * readable. That is a timerfd which reports steps of the real-time clock and waking from sleep;
 * wallclock_refresh() reads it (ECANCELED), so it only needs waiting for. -1 where there is none.
 */
void wallclock_refresh(struct wallclock *clock);
int wallclock_fd(const struct wallclock *clock);

/*
 * The latest offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME: real time minus the clock, valid from
 * a moment of that clock on. A recording keeps them, so that times read the same on another
 * machine.
 */
struct clock_offsets {
	struct {
		uint64_t from_ns, offset_ns;
	} mono, boot;
};
struct clock_offsets wallclock_offsets(struct wallclock *clock);
/* A clock for replays: it measures nothing and takes its offsets from wallclock_tell(). One thread
 * sets them; any thread may convert. */
struct wallclock *wallclock_new_told(void);
void wallclock_tell(struct wallclock *clock, const struct clock_offsets *offsets);

uint64_t now_mono_ns(void);
uint64_t now_real_ns(void);

/* "2026-11-20T09:00:00.123456789Z", always 30 characters plus NUL; the date part is cached per
 * thread, so that a stream of near times is cheap. Returns 30. */
size_t format_rfc3339(uint64_t unix_ns, char dst[31]);

/* "2026-11-20T09:00:00Z" */
#define RFC3339_SECONDS_ROOM 21
void format_rfc3339_seconds(uint64_t unix_s, char dst[RFC3339_SECONDS_ROOM]);

#endif
