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

static inline void lmk_print_hello(FILE *file, const lmk_hello *m)
{
    fprintf(file, " boot_id=%llu", (unsigned long long)m->boot_id);
    fprintf(file, " device=%s", m->device[0] ? m->device : "-");
    fprintf(file, " model=%s", m->model[0] ? m->model : "-");
    fprintf(file, " model_hash=");
    for (size_t i = 0; i < 8; i++) fprintf(file, "%02x", m->model_hash[i]);
    fprintf(file, " layout=%s", m->layout[0] ? m->layout : "-");
    fprintf(file, " landmarks=%ld", (long)m->landmarks);
    fprintf(file, " width=%ld", (long)m->width);
    fprintf(file, " height=%ld", (long)m->height);
    fprintf(file, " selection=%ld", (long)m->selection);
    fprintf(file, " distorted=%ld", (long)m->distorted);
    fprintf(file, " points_hz=%.2f", (double)m->points_hz / 100);
    fprintf(file, " status_hz=%.2f", (double)m->status_hz / 100);
    fprintf(file, " fx=%.3f", (double)m->fx / 256);
    fprintf(file, " fy=%.3f", (double)m->fy / 256);
    fprintf(file, " cx=%.3f", (double)m->cx / 256);
    fprintf(file, " cy=%.3f", (double)m->cy / 256);
    fprintf(file, " k1=%.6f", (double)m->k1 / 1000000);
    fprintf(file, " k2=%.6f", (double)m->k2 / 1000000);
    fprintf(file, " p1=%.6f", (double)m->p1 / 1000000);
    fprintf(file, " p2=%.6f", (double)m->p2 / 1000000);
    fprintf(file, " k3=%.6f", (double)m->k3 / 1000000);
    fprintf(file, " camera=%s", m->camera[0] ? m->camera : "-");
}

static inline void lmk_print_status(FILE *file, const lmk_status *m)
{
    fprintf(file, " flags=%ld", (long)m->flags);
    fprintf(file, " score=%.3f", (double)m->score / 255);
    fprintf(file, " attention=%ld", (long)m->attention);
    fprintf(file, " yaw=%.2f", (double)m->yaw / 100);
    fprintf(file, " pitch=%.2f", (double)m->pitch / 100);
    fprintf(file, " roll=%.2f", (double)m->roll / 100);
    fprintf(file, " x=%ld", (long)m->x);
    fprintf(file, " y=%ld", (long)m->y);
    fprintf(file, " z=%ld", (long)m->z);
    fprintf(file, " gaze_yaw=%.2f", (double)m->gaze_yaw / 100);
    fprintf(file, " gaze_pitch=%.2f", (double)m->gaze_pitch / 100);
    fprintf(file, " openness_right=%.3f", (double)m->openness_right / 255);
    fprintf(file, " openness_left=%.3f", (double)m->openness_left / 255);
    fprintf(file, " aperture_right=%.3f", (double)m->aperture_right / 400);
    fprintf(file, " aperture_left=%.3f", (double)m->aperture_left / 400);
    fprintf(file, " mouth_openness=%.3f", (double)m->mouth_openness / 200);
    fprintf(file, " perclos=%.3f", (double)m->perclos / 255);
    fprintf(file, " level=%ld", (long)m->level);
    fprintf(file, " drowsiness=%ld", (long)m->drowsiness);
    fprintf(file, " zone=%ld", (long)m->zone);
    fprintf(file, " active=%ld", (long)m->active);
    fprintf(file, " sigma=%.2f", (double)m->sigma / 16);
    fprintf(file, " residual=%.3f", (double)m->residual / 1000);
    fprintf(file, " x0=%ld", (long)m->x0);
    fprintf(file, " y0=%ld", (long)m->y0);
    fprintf(file, " x1=%ld", (long)m->x1);
    fprintf(file, " y1=%ld", (long)m->y1);
    fprintf(file, " latency=%.1f", (double)m->latency / 10);
    fprintf(file, " dropped=%ld", (long)m->dropped);
    fprintf(file, " skipped=%ld", (long)m->skipped);
    fprintf(file, " reopened=%ld", (long)m->reopened);
    fprintf(file, " points_hz=%ld", (long)m->points_hz);
}

static inline void lmk_print_points(FILE *file, const lmk_points *m)
{
    fprintf(file, " selection=%ld", (long)m->selection);
    fprintf(file, " flags=%ld", (long)m->flags);
    fprintf(file, " chunk=%ld", (long)m->chunk);
    fprintf(file, " chunks=%ld", (long)m->chunks);
    fprintf(file, " first=%ld", (long)m->first);
    fprintf(file, " total=%ld", (long)m->total);
    fprintf(file, " origin_x=%ld", (long)m->origin_x);
    fprintf(file, " origin_y=%ld", (long)m->origin_y);
    lmk_print_points_rows(file, m);
}

static inline void lmk_print_event(FILE *file, const lmk_event *m)
{
    fprintf(file, " id=%ld", (long)m->id);
    fprintf(file, " began_ns=%llu", (unsigned long long)m->began_ns);
    fprintf(file, " at_ns=%llu", (unsigned long long)m->at_ns);
    fprintf(file, " kind=%s", m->kind[0] ? m->kind : "-");
    fprintf(file, " phase=%ld", (long)m->phase);
    fprintf(file, " level=%ld", (long)m->level);
    fprintf(file, " repeat=%ld", (long)m->repeat);
    lmk_print_event_rows(file, m);
}

static inline void lmk_print_bye(FILE *file, const lmk_bye *m)
{
    fprintf(file, " frames=%ld", (long)m->frames);
    fprintf(file, " dropped=%ld", (long)m->dropped);
    fprintf(file, " reason=%ld", (long)m->reason);
}

/* Print a message and the end of the line. */
static inline void lmk_print(FILE *file, const lmk_message *m)
{
    switch (m->type) {
    case LMK_HELLO: fputs("HELLO", file); lmk_print_head(file, m); lmk_print_hello(file, &m->as.hello); break;
    case LMK_STATUS: fputs("STATUS", file); lmk_print_head(file, m); lmk_print_status(file, &m->as.status); break;
    case LMK_POINTS: fputs("POINTS", file); lmk_print_head(file, m); lmk_print_points(file, &m->as.points); break;
    case LMK_EVENT: fputs("EVENT", file); lmk_print_head(file, m); lmk_print_event(file, &m->as.event); break;
    case LMK_BYE: fputs("BYE", file); lmk_print_head(file, m); lmk_print_bye(file, &m->as.bye); break;
    default: return;
    }
    fputc('\n', file);
}

#endif
