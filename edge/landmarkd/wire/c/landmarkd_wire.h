/*
 * landmarkd wire 1: decoder for microcontrollers and anything else that speaks C99.
 *
 * Generated from edge/landmarkd/wire/schema.py by `python -m tools.wire_generate`; change that, not this.
 * SPDX-License-Identifier: MIT
 *
 * No allocation, no library but <stdint.h>, <stddef.h>, <stdbool.h> and <string.h>. Any bytes may be fed; what
 * is not a message is counted and skipped. On a serial line:
 *
 *     static lmk_stream stream;                  // all zero to begin with
 *     lmk_message message;
 *     while (bytes_available())
 *         if (lmk_feed(&stream, read_byte(), &message) == LMK_STATUS)
 *             turn_servo(message.as.status.yaw / (float)LMK_STATUS_YAW_SCALE);
 *
 * For a datagram call lmk_decode(data, size, &message). What a message's `rows` point to lives in the bytes that
 * were decoded: use it before the next call. Numbers are as on the wire; divide by the scale beside the field.
 */
#ifndef LANDMARKD_WIRE_H
#define LANDMARKD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LMK_VERSION 1
/* CRC-16/CCITT-FALSE of the schema's hash: a sender with another layout fails the checksum. */
#define LMK_CRC_SEED 0xCC16u
/* Longest frame on a serial line with its stuffing; define it larger if the sender is told `frame=`. */
#ifndef LMK_BUFFER_SIZE
#define LMK_BUFFER_SIZE 255
#endif

/* What lmk_decode and lmk_feed return: the type of the message, or why there is none. */
enum {
    LMK_NOTHING = 0, /* no message yet */
    LMK_HELLO = 1, /* What stays the same for one run of the sender. First, and again every two seconds. */
    LMK_STATUS = 2, /* The state after one frame, with or without a face. Also the heartbeat: silence means dead. */
    LMK_POINTS = 3, /* Some or all of the landmarks of a frame, in as many chunks as it takes. */
    LMK_EVENT = 4, /* Something happened to the driver's attention. Repeated every second until it is superseded. */
    LMK_BYE = 5, /* The sender stops on purpose. */
    LMK_MALFORMED = -1,    /* a length or content that cannot be */
    LMK_BAD_CHECKSUM = -2, /* damaged, or from a sender with another schema */
    LMK_FOREIGN = -3,      /* another version, or an unknown type */
    LMK_GARBLED = -4       /* not COBS, or too long for the buffer */
};

/* Which landmarks are sent; the index of a point is its place in this selection. */
enum {
    LMK_SELECTION_NONE = 0, /* no points */
    LMK_SELECTION_IBUG68 = 1, /* the 68 points of the iBUG / Multi-PIE scheme, in its order */
    LMK_SELECTION_EYES = 2, /* right lid, left lid, right iris, left iris (16 + 16 + 5 + 5), or 12 lid points of the 68 where the layout has no more */
    LMK_SELECTION_ALL = 3, /* every point of the layout, in its order */
};

/* The driver's attention. */
enum {
    LMK_ATTENTION_UNKNOWN = 0,
    LMK_ATTENTION_ATTENTIVE = 1,
    LMK_ATTENTION_DISTRACTED = 2,
    LMK_ATTENTION_DROWSY = 3,
    LMK_ATTENTION_ASLEEP = 4,
    LMK_ATTENTION_UNRESPONSIVE = 5,
    LMK_ATTENTION_ABSENT = 6,
    LMK_ATTENTION_BLOCKED = 7,
};

/* Where an event is in its life. */
enum {
    LMK_PHASE_BEGIN = 0,
    LMK_PHASE_ESCALATE = 1,
    LMK_PHASE_END = 2,
};

/* Where the driver looks. */
enum {
    LMK_ZONE_UNKNOWN = 0,
    LMK_ZONE_ROAD = 1,
    LMK_ZONE_MIRROR_LEFT = 2,
    LMK_ZONE_MIRROR_RIGHT = 3,
    LMK_ZONE_CENTRE_STACK = 4,
    LMK_ZONE_LAP = 5,
    LMK_ZONE_PHONE = 6,
    LMK_ZONE_OFF = 7,
    LMK_ZONE_OTHER = 8, /* a zone of the configuration that has no number here */
    LMK_ZONE_MIRROR_INSIDE = 9,
    LMK_ZONE_INSTRUMENTS = 10,
};

/* What is known and what holds in a STATUS. */
enum {
    LMK_STATUS_FLAG_FACE = 1, /* a face is tracked; without it score, pose, eyes, gaze and box are zero and mean nothing */
    LMK_STATUS_FLAG_RIGHT_OPENNESS = 2, /* openness_right is known */
    LMK_STATUS_FLAG_LEFT_OPENNESS = 4, /* openness_left is known */
    LMK_STATUS_FLAG_RIGHT_CLOSED = 8, /* the right eye is at least 80 % closed */
    LMK_STATUS_FLAG_LEFT_CLOSED = 16, /* the left eye is at least 80 % closed */
    LMK_STATUS_FLAG_GAZE = 32, /* gaze_yaw and gaze_pitch are known */
    LMK_STATUS_FLAG_DRIVER = 64, /* driver monitoring is on; without it attention, level, drowsiness and perclos mean nothing */
    LMK_STATUS_FLAG_CALIBRATING = 128, /* this person's baselines are still being learnt */
    LMK_STATUS_FLAG_PERCLOS = 256, /* perclos is known */
    LMK_STATUS_FLAG_MOUTH = 512, /* mouth_openness is known */
    LMK_STATUS_FLAG_SIGMA = 1024, /* the model says how certain it is: sigma is known */
    LMK_STATUS_FLAG_RIGHT_P80 = 2048, /* whether the right eye is closed is known */
    LMK_STATUS_FLAG_LEFT_P80 = 4096, /* whether the left eye is closed is known */
    LMK_STATUS_FLAG_DEGRADED_DELEGATE = 8192, /* an accelerator was lost or refused and the CPU does its work */
    LMK_STATUS_FLAG_DEGRADED_CAMERA = 16384, /* the camera has stalled */
    LMK_STATUS_FLAG_DEGRADED_OTHER = 32768, /* something else runs in a fallback */
};

/* What kind of points a POINTS holds. */
enum {
    LMK_POINTS_FLAG_RAW = 1, /* unsmoothed */
};

#define LMK_HELLO_POINTS_HZ_SCALE 100
#define LMK_HELLO_STATUS_HZ_SCALE 100
#define LMK_HELLO_FX_SCALE 256
#define LMK_HELLO_FY_SCALE 256
#define LMK_HELLO_CX_SCALE 256
#define LMK_HELLO_CY_SCALE 256
#define LMK_HELLO_K1_SCALE 1000000
#define LMK_HELLO_K2_SCALE 1000000
#define LMK_HELLO_P1_SCALE 1000000
#define LMK_HELLO_P2_SCALE 1000000
#define LMK_HELLO_K3_SCALE 1000000
#define LMK_STATUS_SCORE_SCALE 255
#define LMK_STATUS_YAW_SCALE 100
#define LMK_STATUS_PITCH_SCALE 100
#define LMK_STATUS_ROLL_SCALE 100
#define LMK_STATUS_GAZE_YAW_SCALE 100
#define LMK_STATUS_GAZE_PITCH_SCALE 100
#define LMK_STATUS_OPENNESS_RIGHT_SCALE 255
#define LMK_STATUS_OPENNESS_LEFT_SCALE 255
#define LMK_STATUS_APERTURE_RIGHT_SCALE 400
#define LMK_STATUS_APERTURE_LEFT_SCALE 400
#define LMK_STATUS_MOUTH_OPENNESS_SCALE 200
#define LMK_STATUS_PERCLOS_SCALE 255
#define LMK_STATUS_SIGMA_SCALE 16
#define LMK_STATUS_RESIDUAL_SCALE 1000
#define LMK_STATUS_LATENCY_SCALE 10
#define LMK_POINT_SCALE 16
#define LMK_EVIDENCE_SCALE 1000

/* What stays the same for one run of the sender. First, and again every two seconds. */
typedef struct {
    uint64_t boot_id;            /* random, differs at each start of the sender */
    char device[25];             /* name of the unit */
    char model[25];              /* name of the landmark model */
    uint8_t model_hash[8];       /* first 8 bytes of the SHA-256 of the model's file */
    char layout[17];             /* name of the landmark layout */
    uint16_t landmarks;          /* points in the layout */
    uint16_t width;              /* width of the image [px] */
    uint16_t height;             /* height of the image [px] */
    uint8_t selection;           /* points that the sender promises */
    uint8_t distorted;           /* 1 if k1 to k3 are to be applied */
    uint16_t points_hz;          /* complete sets of points promised; 0 is one for every frame [1/100 Hz] */
    uint16_t status_hz;          /* most STATUS per second; 0 is one for every frame [1/100 Hz] */
    uint32_t fx;                 /* focal length; 0 when the intrinsics are not known [1/256 px] */
    uint32_t fy;                 /* focal length [1/256 px] */
    int32_t cx;                  /* principal point [1/256 px] */
    int32_t cy;                  /* principal point [1/256 px] */
    int32_t k1;                  /* distortion as OpenCV has it [1/1000000] */
    int32_t k2;                  /* distortion [1/1000000] */
    int32_t p1;                  /* distortion [1/1000000] */
    int32_t p2;                  /* distortion [1/1000000] */
    int32_t k3;                  /* distortion [1/1000000] */
    char camera[25];             /* where the intrinsics came from, such as guess:60deg */
} lmk_hello;

/* The state after one frame, with or without a face. Also the heartbeat: silence means dead. */
typedef struct {
    uint16_t flags;              /* what is known and what holds */
    uint8_t score;               /* probability that this is a face [1/255] */
    uint8_t attention;           /* the driver's attention */
    int16_t yaw;                 /* head, > 0 turns the nose to image left [1/100 deg] */
    int16_t pitch;               /* head, > 0 looks up [1/100 deg] */
    int16_t roll;                /* head, > 0 is clockwise in the image [1/100 deg] */
    int16_t x;                   /* midpoint between the eyes, camera frame, right [mm] */
    int16_t y;                   /* the same, down [mm] */
    int16_t z;                   /* the same, forward [mm] */
    int16_t gaze_yaw;            /* gaze in the camera frame, signs of the head's [1/100 deg] */
    int16_t gaze_pitch;          /* gaze in the camera frame, signs of the head's [1/100 deg] */
    uint8_t openness_right;      /* 1 is this person's open right eye, 0 is shut [1/255] */
    uint8_t openness_left;       /* 1 is this person's open left eye, 0 is shut [1/255] */
    uint8_t aperture_right;      /* gap of the lids over the width of the eye [1/400] */
    uint8_t aperture_left;       /* gap of the lids over the width of the eye [1/400] */
    uint8_t mouth_openness;      /* gap of the lips over the width of the mouth [1/200] */
    uint8_t perclos;             /* share of the last minute with the eyes at least 80 % closed [1/255] */
    uint8_t level;               /* severity of the worst running event, 0 to 3 */
    uint8_t drowsiness;          /* 0 alert to 3 very drowsy */
    uint8_t zone;                /* where the driver looks */
    uint8_t active;              /* running events */
    uint8_t sigma;               /* mean standard deviation of the points [1/16 px] */
    uint8_t residual;            /* misfit of the head's pose over the face's size [1/1000] */
    int16_t x0;                  /* box of the points, left [px] */
    int16_t y0;                  /* box of the points, top [px] */
    int16_t x1;                  /* box of the points, right [px] */
    int16_t y1;                  /* box of the points, bottom [px] */
    uint16_t latency;            /* from the capture to the end of the pipeline [1/10 ms] */
    uint16_t dropped;            /* reports that this stream could not take, since the start; stays at 65535 */
    uint32_t skipped;            /* frames replaced by a newer one before they were processed, since the start */
    uint8_t reopened;            /* how often the camera was opened again; stays at 255 */
    uint8_t points_hz;           /* complete sets of points sent in the last second; HELLO promises [Hz] */
} lmk_status;

/* Some or all of the landmarks of a frame, in as many chunks as it takes. */
typedef struct {
    uint8_t selection;           /* which landmarks */
    uint8_t flags;               /* what kind of points */
    uint8_t chunk;               /* number of this chunk, from 0 */
    uint8_t chunks;              /* chunks of this frame */
    uint16_t first;              /* index in the selection of the first point in this chunk */
    uint16_t total;              /* points in the selection */
    int16_t origin_x;            /* add to x of every point [px] */
    int16_t origin_y;            /* add to y of every point [px] */
    const uint8_t *rows;         /* points into the bytes that were decoded */
    uint16_t row_count;         
} lmk_points;

/* Something happened to the driver's attention. Repeated every second until it is superseded. */
typedef struct {
    uint32_t id;                 /* counts up from 1; begin, escalate and end of one event share it */
    uint64_t began_ns;           /* capture time of the frame that it began with [ns] */
    uint64_t at_ns;              /* capture time of the frame that this phase was decided on [ns] */
    char kind[25];               /* microsleep, long_distraction, yawn, ... */
    uint8_t phase;               /* where it is in its life */
    uint8_t level;               /* 0 information, 1 notice, 2 warning, 3 alarm */
    uint16_t repeat;             /* how often this was sent before; 0 is the first time */
    const uint8_t *rows;         /* points into the bytes that were decoded */
    uint16_t row_count;         
} lmk_event;

/* The sender stops on purpose. */
typedef struct {
    uint32_t frames;             /* frames processed since the start */
    uint32_t dropped;            /* reports that this stream could not take */
    uint8_t reason;              /* 0 asked to stop, 1 end of the source, 2 error */
} lmk_bye;

/* A message with its header. */
typedef struct {
    uint8_t type;         /* LMK_HELLO, LMK_STATUS, ...; says which member of `as` holds */
    uint16_t sequence;    /* counts the messages of the stream and wraps */
    uint32_t frame;       /* number of the frame at its source */
    uint64_t captured_ns; /* capture time on the sender's clock */
    union {
        lmk_hello hello;
        lmk_status status;
        lmk_points points;
        lmk_event event;
        lmk_bye bye;
    } as;
} lmk_message;

/* What is kept between two bytes of a serial line. All zero is the beginning. */
typedef struct {
    uint8_t buffer[LMK_BUFFER_SIZE];
    size_t length;
    bool skipping;
    bool started;
    uint16_t expected;
    uint32_t packets;      /* good messages */
    uint32_t missing;      /* messages that the sender numbered and that did not arrive */
    uint32_t bad_checksum;
    uint32_t foreign;
    uint32_t malformed;
    uint32_t garbled;
} lmk_stream;

static inline uint8_t lmk_u8(const uint8_t *p) { return p[0]; }
static inline uint16_t lmk_u16(const uint8_t *p) { return (uint16_t)(p[0] | (uint16_t)p[1] << 8); }
static inline int16_t lmk_i16(const uint8_t *p)
{
    uint16_t value = lmk_u16(p);
    return (int16_t)(value < 0x8000u ? (int32_t)value : (int32_t)value - 0x10000);
}
static inline uint32_t lmk_u32(const uint8_t *p) { return lmk_u16(p) | (uint32_t)lmk_u16(p + 2) << 16; }
static inline int32_t lmk_i32(const uint8_t *p)
{
    uint32_t value = lmk_u32(p);
    return value < 0x80000000u ? (int32_t)value : (int32_t)(value - 0x80000000u) - 0x7FFFFFFF - 1;
}
static inline uint64_t lmk_u64(const uint8_t *p) { return lmk_u32(p) | (uint64_t)lmk_u32(p + 4) << 32; }

static inline uint16_t lmk_crc(const uint8_t *data, size_t size)
{
    uint16_t crc = LMK_CRC_SEED;
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc >> 8 | crc << 8);
        crc ^= data[i];
        crc ^= (uint16_t)((crc & 0xFFu) >> 4);
        crc ^= (uint16_t)(crc << 12);
        crc ^= (uint16_t)((crc & 0xFFu) << 5);
    }
    return crc;
}

static inline int lmk_decode_hello(const uint8_t *data, size_t size, lmk_hello *out)
{
    if (size != 170) return LMK_MALFORMED;
    out->boot_id = lmk_u64(data + 16);
    memcpy(out->device, data + 24, 24);
    out->device[24] = 0;
    memcpy(out->model, data + 48, 24);
    out->model[24] = 0;
    memcpy(out->model_hash, data + 72, 8);
    memcpy(out->layout, data + 80, 16);
    out->layout[16] = 0;
    out->landmarks = lmk_u16(data + 96);
    out->width = lmk_u16(data + 98);
    out->height = lmk_u16(data + 100);
    out->selection = lmk_u8(data + 102);
    out->distorted = lmk_u8(data + 103);
    out->points_hz = lmk_u16(data + 104);
    out->status_hz = lmk_u16(data + 106);
    out->fx = lmk_u32(data + 108);
    out->fy = lmk_u32(data + 112);
    out->cx = lmk_i32(data + 116);
    out->cy = lmk_i32(data + 120);
    out->k1 = lmk_i32(data + 124);
    out->k2 = lmk_i32(data + 128);
    out->p1 = lmk_i32(data + 132);
    out->p2 = lmk_i32(data + 136);
    out->k3 = lmk_i32(data + 140);
    memcpy(out->camera, data + 144, 24);
    out->camera[24] = 0;
    return LMK_HELLO;
}

static inline int lmk_decode_status(const uint8_t *data, size_t size, lmk_status *out)
{
    if (size != 68) return LMK_MALFORMED;
    out->flags = lmk_u16(data + 16);
    out->score = lmk_u8(data + 18);
    out->attention = lmk_u8(data + 19);
    out->yaw = lmk_i16(data + 20);
    out->pitch = lmk_i16(data + 22);
    out->roll = lmk_i16(data + 24);
    out->x = lmk_i16(data + 26);
    out->y = lmk_i16(data + 28);
    out->z = lmk_i16(data + 30);
    out->gaze_yaw = lmk_i16(data + 32);
    out->gaze_pitch = lmk_i16(data + 34);
    out->openness_right = lmk_u8(data + 36);
    out->openness_left = lmk_u8(data + 37);
    out->aperture_right = lmk_u8(data + 38);
    out->aperture_left = lmk_u8(data + 39);
    out->mouth_openness = lmk_u8(data + 40);
    out->perclos = lmk_u8(data + 41);
    out->level = lmk_u8(data + 42);
    out->drowsiness = lmk_u8(data + 43);
    out->zone = lmk_u8(data + 44);
    out->active = lmk_u8(data + 45);
    out->sigma = lmk_u8(data + 46);
    out->residual = lmk_u8(data + 47);
    out->x0 = lmk_i16(data + 48);
    out->y0 = lmk_i16(data + 50);
    out->x1 = lmk_i16(data + 52);
    out->y1 = lmk_i16(data + 54);
    out->latency = lmk_u16(data + 56);
    out->dropped = lmk_u16(data + 58);
    out->skipped = lmk_u32(data + 60);
    out->reopened = lmk_u8(data + 64);
    out->points_hz = lmk_u8(data + 65);
    return LMK_STATUS;
}

static inline int lmk_decode_points(const uint8_t *data, size_t size, lmk_points *out)
{
    if (size < 30 || (size - 30) % 6 != 0) return LMK_MALFORMED;
    out->selection = lmk_u8(data + 16);
    out->flags = lmk_u8(data + 17);
    out->chunk = lmk_u8(data + 18);
    out->chunks = lmk_u8(data + 19);
    out->first = lmk_u16(data + 20);
    out->total = lmk_u16(data + 22);
    out->origin_x = lmk_i16(data + 24);
    out->origin_y = lmk_i16(data + 26);
    out->rows = data + 28;
    out->row_count = (uint16_t)((size - 30) / 6);
    if (out->chunk >= out->chunks || out->first + out->row_count > out->total) return LMK_MALFORMED;
    return LMK_POINTS;
}

static inline int lmk_decode_event(const uint8_t *data, size_t size, lmk_event *out)
{
    if (size < 66 || (size - 66) % 20 != 0) return LMK_MALFORMED;
    out->id = lmk_u32(data + 16);
    out->began_ns = lmk_u64(data + 20);
    out->at_ns = lmk_u64(data + 28);
    memcpy(out->kind, data + 36, 24);
    out->kind[24] = 0;
    out->phase = lmk_u8(data + 60);
    out->level = lmk_u8(data + 61);
    out->repeat = lmk_u16(data + 62);
    out->rows = data + 64;
    out->row_count = (uint16_t)((size - 66) / 20);
    return LMK_EVENT;
}

static inline int lmk_decode_bye(const uint8_t *data, size_t size, lmk_bye *out)
{
    if (size != 27) return LMK_MALFORMED;
    out->frames = lmk_u32(data + 16);
    out->dropped = lmk_u32(data + 20);
    out->reason = lmk_u8(data + 24);
    return LMK_BYE;
}

/* Decode one message without framing, for example a datagram. Returns its type or a negative reason. */
static inline int lmk_decode(const uint8_t *data, size_t size, lmk_message *out)
{
    if (size < 16 + 2) return LMK_MALFORMED;
    if (data[0] != LMK_VERSION) return LMK_FOREIGN;
    if (lmk_crc(data, size - 2) != lmk_u16(data + size - 2)) return LMK_BAD_CHECKSUM;
    out->type = data[1];
    out->sequence = lmk_u16(data + 2);
    out->frame = lmk_u32(data + 4);
    out->captured_ns = lmk_u64(data + 8);
    switch (data[1]) {
    case LMK_HELLO: return lmk_decode_hello(data, size, &out->as.hello);
    case LMK_STATUS: return lmk_decode_status(data, size, &out->as.status);
    case LMK_POINTS: return lmk_decode_points(data, size, &out->as.points);
    case LMK_EVENT: return lmk_decode_event(data, size, &out->as.event);
    case LMK_BYE: return lmk_decode_bye(data, size, &out->as.bye);
    default: return LMK_FOREIGN;
    }
}

/* Point `index` of a POINTS, in sixteenths of a pixel, x and y from the top left pixel centre of the image. */
static inline void lmk_point(const lmk_points *points, uint16_t index, int32_t xyz[3])
{
    const uint8_t *row = points->rows + (size_t)index * 6;
    xyz[0] = lmk_i16(row) + (int32_t)points->origin_x * LMK_POINT_SCALE;
    xyz[1] = lmk_i16(row + 2) + (int32_t)points->origin_y * LMK_POINT_SCALE;
    xyz[2] = lmk_i16(row + 4);
}

/* Evidence `index` of an EVENT: its name with a zero behind it, and its value in thousandths. */
static inline int32_t lmk_evidence(const lmk_event *event, uint16_t index, char name[17])
{
    const uint8_t *row = event->rows + (size_t)index * 20;
    memcpy(name, row, 16);
    name[16] = 0;
    return lmk_i32(row + 16);
}

/* Undo COBS in place. Returns the length of the message, or 0 if this is no COBS. */
static inline size_t lmk_unstuff(uint8_t *frame, size_t size)
{
    size_t in = 0, out = 0;
    while (in < size) {
        size_t code = frame[in];
        if (code == 0 || in + code > size) return 0;
        for (size_t i = 1; i < code; i++) frame[out++] = frame[in + i];
        in += code;
        if (code < 0xFF && in < size) frame[out++] = 0;
    }
    return out;
}

static inline void lmk_follow(lmk_stream *stream, uint16_t sequence)
{
    uint16_t ahead = (uint16_t)(sequence - stream->expected);
    if (!stream->started) ahead = 0;
    stream->started = true;
    stream->packets++;
    if (ahead >= 0x8000u) return; /* late; a serial line does not reorder */
    stream->missing += ahead;
    stream->expected = (uint16_t)(sequence + 1);
}

/* Take one byte of a serial line. Returns the type of the message that it completes, LMK_NOTHING, or a reason. */
static inline int lmk_feed(lmk_stream *stream, uint8_t byte, lmk_message *out)
{
    if (byte != 0) {
        if (stream->length < sizeof stream->buffer) stream->buffer[stream->length++] = byte;
        else stream->skipping = true;
        return LMK_NOTHING;
    }
    size_t size = stream->length;
    bool skipping = stream->skipping;
    stream->length = 0;
    stream->skipping = false;
    if (size == 0) return LMK_NOTHING;
    size = skipping ? 0 : lmk_unstuff(stream->buffer, size);
    int result = size == 0 ? LMK_GARBLED : lmk_decode(stream->buffer, size, out);
    switch (result) {
    case LMK_GARBLED: stream->garbled++; break;
    case LMK_BAD_CHECKSUM: stream->bad_checksum++; break;
    case LMK_FOREIGN: stream->foreign++; break;
    case LMK_MALFORMED: stream->malformed++; break;
    default: lmk_follow(stream, out->sequence);
    }
    return result;
}

#ifdef __cplusplus
}
#endif

#endif
