/*
 * landmarkd wire 2: decoder in C99, for microcontrollers and other systems.
 *
 * Generated from edge/landmarkd/wire/schema.py by `python -m tools.wire_generate`; change that, not this.
 * SPDX-License-Identifier: MIT
 *
 * No allocation; needs only <stdint.h>, <stddef.h>, <stdbool.h> and <string.h>. Any bytes are allowed; bytes that
 * are not a message are counted and skipped. On a serial line:
 *
 *     static lmk_stream stream;                  // all zero at the beginning
 *     lmk_message message;
 *     while (bytes_available())
 *         if (lmk_feed(&stream, read_byte(), &message) == LMK_STATUS)
 *             turn_servo(message.as.status.yaw / (float)LMK_STATUS_YAW_SCALE);
 *
 * For a datagram call lmk_decode(data, size, &message). `rows` of a message points into the decoded bytes: use it
 * before the next call. Numbers are as on the wire; divide them by the scale beside the field.
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

#define LMK_VERSION 2
/* CRC-16/CCITT-FALSE of the hash of the schema: a sender with another layout has a wrong checksum. */
#define LMK_CRC_SEED 0x8C9Fu
/* A gap of this size in the numbers may be a restart of the sender. */
#define LMK_LEAP 1024u
/* Longest frame on a serial line with its stuffing; define a larger one for a sender with `frame=`. */
#ifndef LMK_BUFFER_SIZE
#define LMK_BUFFER_SIZE 255
#endif

/* Result of lmk_decode and lmk_feed: the type of the message, or why there is none. */
enum {
    LMK_NOTHING = 0, /* no message yet */
    LMK_HELLO = 1, /* Constant data of one run of the sender. Sent first, and again every two seconds. */
    LMK_STATUS = 2, /* The state after one frame, with or without a face. Also the heartbeat of the sender. */
    LMK_POINTS = 3, /* Some or all of the landmarks of a frame, in one or more chunks. */
    LMK_EVENT = 4, /* An event of the attention of the driver. Repeated every second until its next phase. */
    LMK_BYE = 5, /* The sender stops on purpose. */
    LMK_MALFORMED = -1,    /* an impossible length or content */
    LMK_BAD_CHECKSUM = -2, /* damaged, or from a sender with another schema */
    LMK_FOREIGN = -3,      /* another version, or an unknown type */
    LMK_GARBLED = -4       /* not COBS, or too long for the buffer */
};

/* Which landmarks are sent; the index of a point is its place in this selection. */
enum {
    LMK_SELECTION_NONE = 0, /* no points */
    LMK_SELECTION_IBUG68 = 1, /* the 68 points of the iBUG / Multi-PIE scheme, in their order */
    LMK_SELECTION_EYES = 2, /* right lid, left lid, right iris, left iris (16 + 16 + 5 + 5), or the 12 lid points of the 68 where the layout has no more */
    LMK_SELECTION_ALL = 3, /* every point of the layout, in its order */
};

/* The driver's attention. */
enum {
    LMK_ATTENTION_UNKNOWN = 0, /* nothing is known: no eyes, no gaze, no trusted forward direction */
    LMK_ATTENTION_ATTENTIVE = 1,
    LMK_ATTENTION_DISTRACTED = 2,
    LMK_ATTENTION_DROWSY = 3,
    LMK_ATTENTION_ASLEEP = 4,
    LMK_ATTENTION_UNRESPONSIVE = 5,
    LMK_ATTENTION_ABSENT = 6,
    LMK_ATTENTION_BLOCKED = 7,
};

/* State of the lids of an eye. */
enum {
    LMK_LIDS_UNKNOWN = 0,
    LMK_LIDS_OPEN = 1,
    LMK_LIDS_CLOSED = 2,
    LMK_LIDS_DOWN = 3, /* lowered because the eye looks down; the iris is covered, the person may be awake */
};

/* Where the driver looks. Further zones of a configuration are `OTHER` on the wire. */
enum {
    LMK_GAZE_ZONE_UNKNOWN = 0,
    LMK_GAZE_ZONE_ROAD = 1,
    LMK_GAZE_ZONE_MIRROR_LEFT = 2,
    LMK_GAZE_ZONE_MIRROR_RIGHT = 3,
    LMK_GAZE_ZONE_CENTRE_STACK = 4,
    LMK_GAZE_ZONE_LAP = 5,
    LMK_GAZE_ZONE_PHONE = 6,
    LMK_GAZE_ZONE_OFF = 7, /* in no zone */
    LMK_GAZE_ZONE_OTHER = 8, /* in a zone of the configuration without a number in this list */
    LMK_GAZE_ZONE_MIRROR_INSIDE = 9,
    LMK_GAZE_ZONE_INSTRUMENTS = 10,
};

/* What happened to the driver's attention (docs/driver-monitoring.md). */
enum {
    LMK_EVENT_KIND_UNKNOWN = 0,
    LMK_EVENT_KIND_BLINK = 1,
    LMK_EVENT_KIND_LONG_CLOSURE = 2, /* eyes closed for longer than a blink and shorter than a microsleep */
    LMK_EVENT_KIND_MICROSLEEP = 3,
    LMK_EVENT_KIND_SLEEP = 4,
    LMK_EVENT_KIND_UNRESPONSIVE = 5,
    LMK_EVENT_KIND_DROWSINESS = 6,
    LMK_EVENT_KIND_YAWN = 7,
    LMK_EVENT_KIND_LONG_DISTRACTION = 8,
    LMK_EVENT_KIND_TIME_SHARING = 9,
    LMK_EVENT_KIND_NO_DRIVER = 10,
    LMK_EVENT_KIND_CAMERA_BLOCKED = 11,
    LMK_EVENT_KIND_EYES_COVERED = 12,
    LMK_EVENT_KIND_FACE_COVERED = 13,
};

/* Phase of an event. */
enum {
    LMK_EVENT_PHASE_BEGIN = 0,
    LMK_EVENT_PHASE_ESCALATE = 1,
    LMK_EVENT_PHASE_END = 2,
};

/* How far the sender's wall clock can be trusted. */
enum {
    LMK_CLOCK_QUALITY_UNKNOWN = 0, /* the system gives no information */
    LMK_CLOCK_QUALITY_UNSYNCHRONISED = 1, /* nothing sets the clock; the date itself may be wrong */
    LMK_CLOCK_QUALITY_SYNCHRONISED = 2, /* the system synchronises the clock to a reference (NTP, PTP or GPS) */
};

/* Flags of a STATUS. */
enum {
    LMK_STATUS_FLAG_FACE = 1, /* a face is tracked; without it score, track, pose, eyes, gaze and box mean nothing */
    LMK_STATUS_FLAG_DRIVER = 2, /* driver monitoring is on; without it attention, level, drowsiness and rates mean nothing */
    LMK_STATUS_FLAG_CALIBRATING = 4, /* this person's baselines are still being learnt */
    LMK_STATUS_FLAG_RIGHT_P80 = 8, /* it is known whether the right eye is closed */
    LMK_STATUS_FLAG_RIGHT_CLOSED = 16, /* the right eye is at least 80 % closed */
    LMK_STATUS_FLAG_LEFT_P80 = 32, /* it is known whether the left eye is closed */
    LMK_STATUS_FLAG_LEFT_CLOSED = 64, /* the left eye is at least 80 % closed */
    LMK_STATUS_FLAG_DEGRADED_DELEGATE = 128, /* an accelerator was lost or refused, and the CPU runs the model */
    LMK_STATUS_FLAG_DEGRADED_CAMERA = 256, /* the camera delivers no frames */
    LMK_STATUS_FLAG_DEGRADED_OTHER = 512, /* something else runs in a fallback */
};

/* Flags of a POINTS. */
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
#define LMK_STATUS_QW_SCALE 32767
#define LMK_STATUS_QX_SCALE 32767
#define LMK_STATUS_QY_SCALE 32767
#define LMK_STATUS_QZ_SCALE 32767
#define LMK_STATUS_RESIDUAL_SCALE 1000
#define LMK_STATUS_SIGMA_SCALE 16
#define LMK_STATUS_GAZE_YAW_SCALE 100
#define LMK_STATUS_GAZE_PITCH_SCALE 100
#define LMK_STATUS_GAZE_SIGMA_YAW_SCALE 4
#define LMK_STATUS_GAZE_SIGMA_PITCH_SCALE 4
#define LMK_STATUS_OPENNESS_RIGHT_SCALE 200
#define LMK_STATUS_OPENNESS_LEFT_SCALE 200
#define LMK_STATUS_OPENNESS_SIGMA_RIGHT_SCALE 200
#define LMK_STATUS_OPENNESS_SIGMA_LEFT_SCALE 200
#define LMK_STATUS_APERTURE_RIGHT_SCALE 400
#define LMK_STATUS_APERTURE_LEFT_SCALE 400
#define LMK_STATUS_CLOSED_RIGHT_SCALE 250
#define LMK_STATUS_CLOSED_LEFT_SCALE 250
#define LMK_STATUS_DOWN_RIGHT_SCALE 250
#define LMK_STATUS_DOWN_LEFT_SCALE 250
#define LMK_STATUS_IRIS_RIGHT_SCALE 250
#define LMK_STATUS_IRIS_LEFT_SCALE 250
#define LMK_STATUS_MOUTH_OPENNESS_SCALE 200
#define LMK_STATUS_PERCLOS_SCALE 250
#define LMK_STATUS_DROWSINESS_SCORE_SCALE 250
#define LMK_STATUS_BLINKS_1MIN_SCALE 2
#define LMK_STATUS_BLINKS_5MIN_SCALE 2
#define LMK_STATUS_LONG_CLOSURES_1MIN_SCALE 5
#define LMK_STATUS_LONG_CLOSURES_5MIN_SCALE 5
#define LMK_STATUS_LATENCY_SCALE 10
#define LMK_HELLO_UTC_OFFSET_NS_UNKNOWN 0
#define LMK_STATUS_SIGMA_UNKNOWN 255
#define LMK_STATUS_GAZE_YAW_UNKNOWN -32768
#define LMK_STATUS_GAZE_PITCH_UNKNOWN -32768
#define LMK_STATUS_GAZE_SIGMA_YAW_UNKNOWN 255
#define LMK_STATUS_GAZE_SIGMA_PITCH_UNKNOWN 255
#define LMK_STATUS_OPENNESS_RIGHT_UNKNOWN 255
#define LMK_STATUS_OPENNESS_LEFT_UNKNOWN 255
#define LMK_STATUS_OPENNESS_SIGMA_RIGHT_UNKNOWN 255
#define LMK_STATUS_OPENNESS_SIGMA_LEFT_UNKNOWN 255
#define LMK_STATUS_CLOSED_RIGHT_UNKNOWN 255
#define LMK_STATUS_CLOSED_LEFT_UNKNOWN 255
#define LMK_STATUS_DOWN_RIGHT_UNKNOWN 255
#define LMK_STATUS_DOWN_LEFT_UNKNOWN 255
#define LMK_STATUS_IRIS_RIGHT_UNKNOWN 255
#define LMK_STATUS_IRIS_LEFT_UNKNOWN 255
#define LMK_STATUS_MOUTH_OPENNESS_UNKNOWN 255
#define LMK_STATUS_PERCLOS_UNKNOWN 255
#define LMK_STATUS_DROWSINESS_SCORE_UNKNOWN 255
#define LMK_STATUS_BLINKS_1MIN_UNKNOWN 255
#define LMK_STATUS_BLINKS_5MIN_UNKNOWN 255
#define LMK_STATUS_LONG_CLOSURES_1MIN_UNKNOWN 255
#define LMK_STATUS_LONG_CLOSURES_5MIN_UNKNOWN 255
#define LMK_POINT_SCALE 16
#define LMK_EVIDENCE_SCALE 1000

/* Constant data of one run of the sender. Sent first, and again every two seconds. */
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
    int32_t k1;                  /* distortion, OpenCV's model [1/1000000] */
    int32_t k2;                  /* distortion [1/1000000] */
    int32_t p1;                  /* distortion [1/1000000] */
    int32_t p2;                  /* distortion [1/1000000] */
    int32_t k3;                  /* distortion [1/1000000] */
    char camera[25];             /* where the intrinsics came from, such as guess:60deg */
    char release[17];            /* version of the sender's landmarkd */
    uint64_t utc_offset_ns;      /* add it to a time of this stream to have UTC since 1970 [ns]; 0 is unknown */
    uint8_t clock;               /* how far utc_offset_ns can be trusted */
} lmk_hello;

/* The state after one frame, with or without a face. Also the heartbeat of the sender. */
typedef struct {
    uint16_t flags;              /* what holds */
    uint16_t track;              /* person that is followed; rises when another is noticed; 0: unknown */
    uint8_t score;               /* probability that this is a face [1/255] */
    uint8_t attention;           /* the driver's attention */
    uint8_t level;               /* severity of the worst running event, 0 to 3 */
    uint8_t active;              /* running events */
    uint8_t eyes;                /* both eyes together */
    uint8_t eye_right;           /* the right eye */
    uint8_t eye_left;            /* the left eye */
    uint8_t zone;                /* where the driver looks */
    int16_t yaw;                 /* head, > 0 turns the nose to image left [1/100 deg] */
    int16_t pitch;               /* head, > 0 looks up [1/100 deg] */
    int16_t roll;                /* head, > 0 is clockwise in the image [1/100 deg] */
    int16_t qw;                  /* head frame to camera frame, unit quaternion: w >= 0 [1/32767] */
    int16_t qx;                  /* the same, x [1/32767] */
    int16_t qy;                  /* the same, y [1/32767] */
    int16_t qz;                  /* the same, z [1/32767] */
    int16_t x;                   /* midpoint between the eyes, camera frame, right [mm] */
    int16_t y;                   /* the same, down [mm] */
    int16_t z;                   /* the same, forward [mm] */
    uint8_t residual;            /* misfit of the head's pose over the face's size [1/1000] */
    uint8_t sigma;               /* mean standard deviation of the points [1/16 px]; 255 is unknown */
    int16_t gaze_yaw;            /* gaze, camera frame, signs as the head [1/100 deg]; -32768 is unknown */
    int16_t gaze_pitch;          /* the same, pitch [1/100 deg]; -32768 is unknown */
    uint8_t gaze_sigma_yaw;      /* standard deviation of gaze_yaw [1/4 deg]; 255 is unknown */
    uint8_t gaze_sigma_pitch;    /* the same, gaze_pitch [1/4 deg]; 255 is unknown */
    uint8_t openness_right;      /* 1 is this person's open right eye, 0 is shut; at most 1.25 [1/200]; 255 is unknown */
    uint8_t openness_left;       /* the same, left eye [1/200]; 255 is unknown */
    uint8_t openness_sigma_right; /* standard deviation of openness_right [1/200]; 255 is unknown */
    uint8_t openness_sigma_left; /* the same, left eye [1/200]; 255 is unknown */
    uint8_t aperture_right;      /* gap of the lids over the width of the eye [1/400] */
    uint8_t aperture_left;       /* the same, left eye [1/400] */
    uint8_t closed_right;        /* probability that the right eye is shut [1/250]; 255 is unknown */
    uint8_t closed_left;         /* the same, left eye [1/250]; 255 is unknown */
    uint8_t down_right;          /* probability that the right lid is lowered to look down [1/250]; 255 is unknown */
    uint8_t down_left;           /* the same, left lid [1/250]; 255 is unknown */
    uint8_t iris_right;          /* share of the right iris that is visible [1/250]; 255 is unknown */
    uint8_t iris_left;           /* the same, left iris [1/250]; 255 is unknown */
    uint8_t mouth_openness;      /* gap of the lips over the width of the mouth [1/200]; 255 is unknown */
    uint8_t perclos;             /* share of the last minute with eyes 80 % closed or more [1/250]; 255 is unknown */
    uint8_t drowsiness;          /* 0 alert to 3 very drowsy */
    uint8_t drowsiness_score;    /* slow estimate, 0 alert to 1 [1/250]; 255 is unknown */
    uint8_t blinks_1min;         /* blinks of the last minute [1/2 1/min]; 255 is unknown */
    uint8_t blinks_5min;         /* blinks of the last five minutes [1/2 1/min]; 255 is unknown */
    uint8_t long_closures_1min;  /* closures longer than a blink, last minute [1/5 1/min]; 255 is unknown */
    uint8_t long_closures_5min;  /* the same, last five minutes [1/5 1/min]; 255 is unknown */
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

/* Some or all of the landmarks of a frame, in one or more chunks. */
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

/* An event of the attention of the driver. Repeated every second until its next phase. */
typedef struct {
    uint32_t id;                 /* counts up from 1; begin, escalate and end of one event share it */
    uint64_t began_ns;           /* capture time of the frame that it began with [ns] */
    uint64_t at_ns;              /* capture time of the frame that this phase was decided on [ns] */
    uint8_t kind;                /* what happened */
    uint8_t phase;               /* phase of the event */
    uint8_t level;               /* 0 information, 1 notice, 2 warning, 3 alarm */
    uint16_t repeat;             /* how often this was sent before; 0 is the first time */
    const uint8_t *rows;         /* points into the bytes that were decoded */
    uint16_t row_count;         
} lmk_event;

/* The sender stops on purpose. */
typedef struct {
    uint32_t frames;             /* frames processed since the start */
    uint32_t dropped;            /* reports that this stream could not take */
    uint8_t reason;              /* 0; other values are reserved */
} lmk_bye;

/* A message with its header. */
typedef struct {
    uint8_t type;         /* LMK_HELLO, LMK_STATUS, ...; the valid member of `as` */
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

/* The state between two bytes of a serial line. All zero at the beginning. */
typedef struct {
    uint8_t buffer[LMK_BUFFER_SIZE];
    size_t length;
    bool skipping;
    bool started;
    bool greeted;          /* a HELLO was received */
    uint16_t expected;
    uint64_t seen;         /* received ones of the last 64 numbers, the newest in bit 0 */
    uint64_t newest_ns;    /* latest time of a frame */
    uint64_t boot_id;
    uint32_t leapt;        /* numbers in a large gap, before the next HELLO */
    uint32_t packets;      /* valid messages */
    uint32_t missing;      /* numbered messages that did not arrive */
    uint32_t late;         /* messages that arrived out of order */
    uint32_t doubled;      /* messages that arrived twice */
    uint32_t restarts;     /* restarts of the sender, with another boot_id */
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
    if (size != 195) return LMK_MALFORMED;
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
    memcpy(out->release, data + 168, 16);
    out->release[16] = 0;
    out->utc_offset_ns = lmk_u64(data + 184);
    out->clock = lmk_u8(data + 192);
    return LMK_HELLO;
}

static inline int lmk_decode_status(const uint8_t *data, size_t size, lmk_status *out)
{
    if (size != 96) return LMK_MALFORMED;
    out->flags = lmk_u16(data + 16);
    out->track = lmk_u16(data + 18);
    out->score = lmk_u8(data + 20);
    out->attention = lmk_u8(data + 21);
    out->level = lmk_u8(data + 22);
    out->active = lmk_u8(data + 23);
    out->eyes = lmk_u8(data + 24);
    out->eye_right = lmk_u8(data + 25);
    out->eye_left = lmk_u8(data + 26);
    out->zone = lmk_u8(data + 27);
    out->yaw = lmk_i16(data + 28);
    out->pitch = lmk_i16(data + 30);
    out->roll = lmk_i16(data + 32);
    out->qw = lmk_i16(data + 34);
    out->qx = lmk_i16(data + 36);
    out->qy = lmk_i16(data + 38);
    out->qz = lmk_i16(data + 40);
    out->x = lmk_i16(data + 42);
    out->y = lmk_i16(data + 44);
    out->z = lmk_i16(data + 46);
    out->residual = lmk_u8(data + 48);
    out->sigma = lmk_u8(data + 49);
    out->gaze_yaw = lmk_i16(data + 50);
    out->gaze_pitch = lmk_i16(data + 52);
    out->gaze_sigma_yaw = lmk_u8(data + 54);
    out->gaze_sigma_pitch = lmk_u8(data + 55);
    out->openness_right = lmk_u8(data + 56);
    out->openness_left = lmk_u8(data + 57);
    out->openness_sigma_right = lmk_u8(data + 58);
    out->openness_sigma_left = lmk_u8(data + 59);
    out->aperture_right = lmk_u8(data + 60);
    out->aperture_left = lmk_u8(data + 61);
    out->closed_right = lmk_u8(data + 62);
    out->closed_left = lmk_u8(data + 63);
    out->down_right = lmk_u8(data + 64);
    out->down_left = lmk_u8(data + 65);
    out->iris_right = lmk_u8(data + 66);
    out->iris_left = lmk_u8(data + 67);
    out->mouth_openness = lmk_u8(data + 68);
    out->perclos = lmk_u8(data + 69);
    out->drowsiness = lmk_u8(data + 70);
    out->drowsiness_score = lmk_u8(data + 71);
    out->blinks_1min = lmk_u8(data + 72);
    out->blinks_5min = lmk_u8(data + 73);
    out->long_closures_1min = lmk_u8(data + 74);
    out->long_closures_5min = lmk_u8(data + 75);
    out->x0 = lmk_i16(data + 76);
    out->y0 = lmk_i16(data + 78);
    out->x1 = lmk_i16(data + 80);
    out->y1 = lmk_i16(data + 82);
    out->latency = lmk_u16(data + 84);
    out->dropped = lmk_u16(data + 86);
    out->skipped = lmk_u32(data + 88);
    out->reopened = lmk_u8(data + 92);
    out->points_hz = lmk_u8(data + 93);
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
    if (size < 43 || (size - 43) % 20 != 0) return LMK_MALFORMED;
    out->id = lmk_u32(data + 16);
    out->began_ns = lmk_u64(data + 20);
    out->at_ns = lmk_u64(data + 28);
    out->kind = lmk_u8(data + 36);
    out->phase = lmk_u8(data + 37);
    out->level = lmk_u8(data + 38);
    out->repeat = lmk_u16(data + 39);
    out->rows = data + 41;
    out->row_count = (uint16_t)((size - 43) / 20);
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

/* Evidence `index` of an EVENT: its name with a zero after it, and its value in thousandths. */
static inline int32_t lmk_evidence(const lmk_event *event, uint16_t index, char name[17])
{
    const uint8_t *row = event->rows + (size_t)index * 20;
    memcpy(name, row, 16);
    name[16] = 0;
    return lmk_i32(row + 16);
}

/* Undo COBS in place. Returns the length of the message, or 0 if this is not COBS. */
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

/*
 * Count lost messages. A late message no longer counts as lost; a doubled one changes nothing. A large gap is a loss
 * only if the next HELLO is of the same start of the sender. Call it for each datagram that lmk_decode accepted;
 * lmk_feed does it for you.
 */
static inline void lmk_follow(lmk_stream *stream, const lmk_message *message)
{
    uint16_t ahead;
    bool newer;
    stream->packets++;
    if (message->type == LMK_HELLO) {
        uint64_t boot_id = message->as.hello.boot_id;
        if (stream->greeted && boot_id != stream->boot_id) {
            stream->restarts++;
            stream->started = false;
            stream->seen = 0;
            stream->newest_ns = 0;
        } else {
            stream->missing += stream->leapt;
        }
        stream->leapt = 0;
        stream->greeted = true;
        stream->boot_id = boot_id;
    }
    ahead = (uint16_t)(message->sequence - stream->expected);
    if (!stream->started) ahead = 0;
    stream->started = true;
    /* After a gap of half of all numbers, only the time of its frame tells a message from a late one. */
    newer = message->captured_ns > stream->newest_ns;
    if (newer) stream->newest_ns = message->captured_ns;
    if (ahead < 0x8000u || (newer && ahead <= 0xFFFFu - 64u)) {
        if (ahead < LMK_LEAP) stream->missing += ahead;
        else stream->leapt += ahead;
        stream->seen = ahead + 1u < 64u ? stream->seen << (ahead + 1u) | 1u : 1u;
        stream->expected = (uint16_t)(message->sequence + 1u);
        return;
    }
    uint16_t behind = (uint16_t)(0xFFFFu - ahead);
    if (behind < 64u && (stream->seen >> behind & 1u) != 0) {
        stream->doubled++;
        return;
    }
    stream->late++;
    if (behind < 64u) {
        stream->seen |= (uint64_t)1 << behind;
        if (stream->missing > 0) stream->missing--;
    }
}

/* Add one byte of a serial line. Returns the type of the completed message, LMK_NOTHING, or a negative reason. */
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
    default: lmk_follow(stream, out);
    }
    return result;
}

#ifdef __cplusplus
}
#endif

#endif
