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
    fprintf(file, " release=%s", m->release[0] ? m->release : "-");
    if (m->utc_offset_ns == 0) fputs(" utc_offset_ns=-", file);
    else fprintf(file, " utc_offset_ns=%llu", (unsigned long long)m->utc_offset_ns);
    fprintf(file, " clock=%ld", (long)m->clock);
}

static inline void lmk_print_status(FILE *file, const lmk_status *m)
{
    fprintf(file, " flags=%ld", (long)m->flags);
    fprintf(file, " track=%ld", (long)m->track);
    fprintf(file, " score=%.3f", (double)m->score / 255);
    fprintf(file, " attention=%ld", (long)m->attention);
    fprintf(file, " level=%ld", (long)m->level);
    fprintf(file, " active=%ld", (long)m->active);
    fprintf(file, " eyes=%ld", (long)m->eyes);
    fprintf(file, " eye_right=%ld", (long)m->eye_right);
    fprintf(file, " eye_left=%ld", (long)m->eye_left);
    fprintf(file, " zone=%ld", (long)m->zone);
    fprintf(file, " yaw=%.2f", (double)m->yaw / 100);
    fprintf(file, " pitch=%.2f", (double)m->pitch / 100);
    fprintf(file, " roll=%.2f", (double)m->roll / 100);
    fprintf(file, " qw=%.5f", (double)m->qw / 32767);
    fprintf(file, " qx=%.5f", (double)m->qx / 32767);
    fprintf(file, " qy=%.5f", (double)m->qy / 32767);
    fprintf(file, " qz=%.5f", (double)m->qz / 32767);
    fprintf(file, " x=%ld", (long)m->x);
    fprintf(file, " y=%ld", (long)m->y);
    fprintf(file, " z=%ld", (long)m->z);
    fprintf(file, " residual=%.3f", (double)m->residual / 1000);
    if (m->sigma == 255) fputs(" sigma=-", file);
    else fprintf(file, " sigma=%.2f", (double)m->sigma / 16);
    if (m->gaze_yaw == -32768) fputs(" gaze_yaw=-", file);
    else fprintf(file, " gaze_yaw=%.2f", (double)m->gaze_yaw / 100);
    if (m->gaze_pitch == -32768) fputs(" gaze_pitch=-", file);
    else fprintf(file, " gaze_pitch=%.2f", (double)m->gaze_pitch / 100);
    if (m->gaze_sigma_yaw == 255) fputs(" gaze_sigma_yaw=-", file);
    else fprintf(file, " gaze_sigma_yaw=%.1f", (double)m->gaze_sigma_yaw / 4);
    if (m->gaze_sigma_pitch == 255) fputs(" gaze_sigma_pitch=-", file);
    else fprintf(file, " gaze_sigma_pitch=%.1f", (double)m->gaze_sigma_pitch / 4);
    if (m->openness_right == 255) fputs(" openness_right=-", file);
    else fprintf(file, " openness_right=%.3f", (double)m->openness_right / 200);
    if (m->openness_left == 255) fputs(" openness_left=-", file);
    else fprintf(file, " openness_left=%.3f", (double)m->openness_left / 200);
    if (m->openness_sigma_right == 255) fputs(" openness_sigma_right=-", file);
    else fprintf(file, " openness_sigma_right=%.3f", (double)m->openness_sigma_right / 200);
    if (m->openness_sigma_left == 255) fputs(" openness_sigma_left=-", file);
    else fprintf(file, " openness_sigma_left=%.3f", (double)m->openness_sigma_left / 200);
    fprintf(file, " aperture_right=%.3f", (double)m->aperture_right / 400);
    fprintf(file, " aperture_left=%.3f", (double)m->aperture_left / 400);
    if (m->closed_right == 255) fputs(" closed_right=-", file);
    else fprintf(file, " closed_right=%.3f", (double)m->closed_right / 250);
    if (m->closed_left == 255) fputs(" closed_left=-", file);
    else fprintf(file, " closed_left=%.3f", (double)m->closed_left / 250);
    if (m->down_right == 255) fputs(" down_right=-", file);
    else fprintf(file, " down_right=%.3f", (double)m->down_right / 250);
    if (m->down_left == 255) fputs(" down_left=-", file);
    else fprintf(file, " down_left=%.3f", (double)m->down_left / 250);
    if (m->iris_right == 255) fputs(" iris_right=-", file);
    else fprintf(file, " iris_right=%.3f", (double)m->iris_right / 250);
    if (m->iris_left == 255) fputs(" iris_left=-", file);
    else fprintf(file, " iris_left=%.3f", (double)m->iris_left / 250);
    if (m->mouth_openness == 255) fputs(" mouth_openness=-", file);
    else fprintf(file, " mouth_openness=%.3f", (double)m->mouth_openness / 200);
    if (m->perclos == 255) fputs(" perclos=-", file);
    else fprintf(file, " perclos=%.3f", (double)m->perclos / 250);
    fprintf(file, " drowsiness=%ld", (long)m->drowsiness);
    if (m->drowsiness_score == 255) fputs(" drowsiness_score=-", file);
    else fprintf(file, " drowsiness_score=%.3f", (double)m->drowsiness_score / 250);
    if (m->blinks_1min == 255) fputs(" blinks_1min=-", file);
    else fprintf(file, " blinks_1min=%.1f", (double)m->blinks_1min / 2);
    if (m->blinks_5min == 255) fputs(" blinks_5min=-", file);
    else fprintf(file, " blinks_5min=%.1f", (double)m->blinks_5min / 2);
    if (m->long_closures_1min == 255) fputs(" long_closures_1min=-", file);
    else fprintf(file, " long_closures_1min=%.1f", (double)m->long_closures_1min / 5);
    if (m->long_closures_5min == 255) fputs(" long_closures_5min=-", file);
    else fprintf(file, " long_closures_5min=%.1f", (double)m->long_closures_5min / 5);
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
    fprintf(file, " kind=%ld", (long)m->kind);
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
