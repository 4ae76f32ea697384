// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/exporters.h"

#include <stdlib.h>

#include "base/util.h"

#define EXPORTER_ROW(name, help) &exporter_##name,
const struct exporter *const exporters[EXPORTERS_COUNT] = { EXPORTERS(EXPORTER_ROW, EXPORTER_ROW) };

void exports_init(struct exports *exports)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		exports->args[i] = exporters[i]->opts ? xcalloc(1, exporters[i]->args_bytes) : NULL;
}

void exports_release(struct exports *exports)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++) {
		if (exports->args[i])
			opts_release(exporters[i]->opts, exports->args[i]);
		free(exports->args[i]);
	}
	*exports = (struct exports){ 0 };
}

bool exports_in_place(const struct exports *exports)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exporters[i]->in_place && exporters[i]->wanted(exports->args[i]))
			return true;
	return false;
}

bool exports_no_screen(const struct exports *exports)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exporters[i]->no_screen && exporters[i]->wanted(exports->args[i]))
			return true;
	return false;
}

bool exports_record(const struct exports *exports, const char *form)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exporters[i]->records &&
		    (exporters[i]->wanted ? exporters[i]->wanted(exports->args[i])
					  : streq(exporters[i]->name, form)))
			return true;
	return false;
}

bool exports_wanted(const struct exports *exports, bool statistics)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exporter_is_beside(exporters[i]) && !exporters[i]->writes_file &&
		    (exporters[i]->statistics || !statistics) &&
		    exporters[i]->wanted(exports->args[i]))
			return true;
	return false;
}

bool exports_write(const struct exports *exports)
{
	for (size_t i = 0; i < EXPORTERS_COUNT; i++)
		if (exporters[i]->writes_file && exporters[i]->wanted(exports->args[i]))
			return true;
	return false;
}
