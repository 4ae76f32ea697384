/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of PCI vendors, devices and classes, from the system's pci.ids:
 *
 *	8086  Intel Corporation		a vendor
 *		1533  I210 Gigabit	its device
 *	C 02  Network controller	a class
 *		00  Ethernet controller	its subclass
 */
#ifndef BOMBUS_RUNNER_READ_TEXT_PCI_H
#define BOMBUS_RUNNER_READ_TEXT_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci_ids;

/* /usr/share/misc/pci.ids or /usr/share/hwdata/pci.ids; NULL: there is none. */
struct pci_ids *pci_ids_open(void);
/* Of a text of that form, borrowed. */
struct pci_ids *pci_ids_new(const char *text, size_t len);
void pci_ids_free(struct pci_ids *ids); /* takes NULL */

/* The name and its length; NULL: it has none. */
const char *pci_vendor(const struct pci_ids *ids, uint32_t vendor, size_t *ret_len);
const char *pci_device(const struct pci_ids *ids, uint32_t vendor, uint32_t device,
		       size_t *ret_len);
const char *pci_class(const struct pci_ids *ids, uint32_t class, size_t *ret_len);
const char *pci_subclass(const struct pci_ids *ids, uint32_t class, uint32_t subclass,
			 size_t *ret_len);

#endif
