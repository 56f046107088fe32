/*
 * Messages as lines of text, the same as `landmarkd listen --messages` prints.
 *
 * Generated from edge/landmarkd/wire/schema.py by `python -m tools.wire_generate`; change that, not this.
 * SPDX-License-Identifier: MIT
 */
#ifndef LANDMARKD_TEXT_H
#define LANDMARKD_TEXT_H

#include <stdio.h>

#include "landmarkd_wire.h"

static inline void lmk_print_head(FILE *file, const lmk_message *m)
{
    fprintf(file, " sequence=%u frame=%lu captured_ns=%llu", (unsigned)m->sequence, (unsigned long)m->frame,
            (unsigned long long)m->captured_ns);
}

static inline void lmk_print_row(FILE *file, const char *name, const uint8_t *row)
{
    fprintf(file, " %s=%d,%d,%d", name, lmk_i16(row), lmk_i16(row + 2), lmk_i16(row + 4));
}

static inline void lmk_print_points_rows(FILE *file, const lmk_points *m)
{
    fprintf(file, " rows=%u rows_crc=%04x", (unsigned)m->row_count, (unsigned)lmk_crc(m->rows, (size_t)m->row_count * 6));
    if (m->row_count == 0) return;
    lmk_print_row(file, "first_row", m->rows);
    lmk_print_row(file, "last_row", m->rows + (size_t)(m->row_count - 1) * 6);
}

static inline void lmk_print_event_rows(FILE *file, const lmk_event *m)
{
    char name[17];
    for (uint16_t i = 0; i < m->row_count; i++) {
        int32_t value = lmk_evidence(m, i, name);
        fprintf(file, " %s=%.3f", name, (double)value / LMK_EVIDENCE_SCALE);
    }
}

@PRINTERS@

/* Print a message and the end of the line. */
static inline void lmk_print(FILE *file, const lmk_message *m)
{
    switch (m->type) {
@CASES@
    default: return;
    }
    fputc('\n', file);
}

#endif
