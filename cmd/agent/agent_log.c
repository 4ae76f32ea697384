// SPDX-License-Identifier: Apache-2.0
#include "cmd/agent/agent_log.h"

#include <jansson.h>
#include <time.h>

#include "base/util.h"
#include "cmd/agent/config.h"

#define TIME_ROOM 40

/* {"time": "2026-11-29T05:00:00.123Z", "level": "info", "message": "..."} */
static void write_json(void *ctx, enum log_level level, const char *line)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	char seconds[TIME_ROOM], text[2 * TIME_ROOM];
	_cleanup_free_ char *json = NULL, *whole = NULL;
	struct timespec now;
	struct tm tm;
	json_t *object;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
	object = json_pack("{s: s, s: s, s: s}", "time", text, "level", levels[level], "message",
			   line);
	json = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!json)
		return;
	whole = xasprintf("%s\n", json);
	(void)!write_all(STDERR_FILENO, whole, strlen(whole));
}

void agent_log_use(const struct agent_config *config)
{
	const char *format = config->own.log_format;

	log_level = agent_config_level(config);
	log_to(format && streq(format, "json") ? write_json : NULL, NULL);
}
