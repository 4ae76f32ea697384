/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of decoders: the steps of a chain that makes text of a field's bytes. Each file
 * that needs a column includes it with a DECODER() of its own; it undefines DECODER().
 *
 *	DECODER(word, takes, gives, sizes, lasting, exact)
 *
 * word    its name; decode_<word>() of runner/read/text/decoding.c runs it
 * takes   DECODES_BYTES of a field, DECODES_TEXT, DECODES_NUMBER (text that is a number)
 * gives   the kind of its text: DECODES_TEXT or DECODES_NUMBER
 * sizes   of the bytes that it takes, added up (4 | 8); 0: any
 * lasting the same input has the same text for as long as we run
 * exact   different inputs have different texts
 */
/* clang-format off */
DECODER(cgroup,     NUMBER, TEXT,   0,             false, false)
DECODER(dname,      BYTES,  TEXT,   0,             true,  false)
DECODER(errno,      NUMBER, TEXT,   0,             true,  true)
DECODER(hex,        BYTES,  TEXT,   0,             true,  true)
DECODER(ifname,     BYTES,  TEXT,   4,             false, false)
DECODER(inet_ip,    BYTES,  TEXT,   4 | 16,        true,  false)
DECODER(kstack,     BYTES,  TEXT,   0,             false, false)
DECODER(ksym,       BYTES,  TEXT,   8,             false, false)
DECODER(majorminor, BYTES,  TEXT,   4,             false, false)
DECODER(pci_class,  NUMBER, TEXT,   0,             false, false)
DECODER(pci_device, NUMBER, TEXT,   0,             false, false)
DECODER(pci_subclass, NUMBER, TEXT, 0,             false, false)
DECODER(pci_vendor, NUMBER, TEXT,   0,             false, false)
DECODER(regexp,     TEXT,   TEXT,   0,             true,  false)
DECODER(static_map, TEXT,   TEXT,   0,             true,  false)
DECODER(string,     BYTES,  TEXT,   0,             true,  false)
DECODER(syscall,    NUMBER, TEXT,   0,             true,  true)
DECODER(uint,       BYTES,  NUMBER, 1 | 2 | 4 | 8, true,  true)
/* clang-format on */
#undef DECODER
