// SPDX-License-Identifier: Apache-2.0
/* Configurations for ebpf_exporter, of any bytes: a recipe is complete, and each mistake has a
 * place. */
#include <stdlib.h>
#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/compat/exporter_config.h"
#include "runner/load/plan/plan.h"

static void check_label(const struct recipe_label *label)
{
	if (!label->name || !*label->name || !label->decode || !*label->decode ||
	    !label->size_bytes || !label->at.line || !label->at.column)
		abort();
}

static void check(const struct plan_recipe *r)
{
	if (!r->map || !*r->map || !r->name_space || !r->at.line || !r->at.column)
		abort();
	if ((r->role == ROLE_HISTOGRAM) != (r->buckets != NULL))
		abort();
	if (r->role == ROLE_HISTOGRAM && !r->nlabels)
		abort();
	if (r->role != ROLE_SPANS && !r->help)
		abort();
	for (size_t i = 0; i < r->nlabels; i++)
		check_label(&r->labels[i]);
}

static void drop(void *ctx, enum log_level level, const char *line)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exporter_config *config = NULL;
	struct err err = { 0 };

	log_to(drop, NULL);
	if (exporter_config_parse(&config, "f", (const char *)data, size, &err) < 0) {
		if (strncmp(err.msg, "f:", 2) != 0 || err.exit != EXIT_USAGE)
			abort();
		return 0;
	}
	if (!config->nrecipes)
		abort();
	for (size_t i = 0; i < config->nrecipes; i++)
		check(&config->recipes[i]);
	exporter_config_free(config);
	return 0;
}
