/*
 * landmarkd wire @VERSION@: decoder in C99, for microcontrollers and other systems.
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

#define LMK_VERSION @VERSION@
/* CRC-16/CCITT-FALSE of the hash of the schema: a sender with another layout has a wrong checksum. */
#define LMK_CRC_SEED @CRC_SEED@
/* A gap of this size in the numbers may be a restart of the sender. */
#define LMK_LEAP @LEAP@u
/* Longest frame on a serial line with its stuffing; define a larger one for a sender with `frame=`. */
#ifndef LMK_BUFFER_SIZE
#define LMK_BUFFER_SIZE @MAX_SERIAL_FRAME@
#endif

/* Result of lmk_decode and lmk_feed: the type of the message, or why there is none. */
enum {
    LMK_NOTHING = 0, /* no message yet */
@TYPES@
    LMK_MALFORMED = -1,    /* an impossible length or content */
    LMK_BAD_CHECKSUM = -2, /* damaged, or from a sender with another schema */
    LMK_FOREIGN = -3,      /* another version, or an unknown type */
    LMK_GARBLED = -4       /* not COBS, or too long for the buffer */
};

@ENUMERATIONS@

@SCALES@

@STRUCTURES@

/* A message with its header. */
typedef struct {
    uint8_t type;         /* LMK_HELLO, LMK_STATUS, ...; the valid member of `as` */
    uint16_t sequence;    /* counts the messages of the stream and wraps */
    uint32_t frame;       /* number of the frame at its source */
    uint64_t captured_ns; /* capture time on the sender's clock */
    union {
@UNION@
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

@DECODERS@

/* Decode one message without framing, for example a datagram. Returns its type or a negative reason. */
static inline int lmk_decode(const uint8_t *data, size_t size, lmk_message *out)
{
    if (size < @HEADER_SIZE@ + 2) return LMK_MALFORMED;
    if (data[0] != LMK_VERSION) return LMK_FOREIGN;
    if (lmk_crc(data, size - 2) != lmk_u16(data + size - 2)) return LMK_BAD_CHECKSUM;
    out->type = data[1];
    out->sequence = lmk_u16(data + 2);
    out->frame = lmk_u32(data + 4);
    out->captured_ns = lmk_u64(data + 8);
    switch (data[1]) {
@CASES@
    default: return LMK_FOREIGN;
    }
}

/* Point `index` of a POINTS, in sixteenths of a pixel, x and y from the top left pixel centre of the image. */
static inline void lmk_point(const lmk_points *points, uint16_t index, int32_t xyz[3])
{
    const uint8_t *row = points->rows + (size_t)index * @POINT_ROW@;
    xyz[0] = lmk_i16(row) + (int32_t)points->origin_x * LMK_POINT_SCALE;
    xyz[1] = lmk_i16(row + 2) + (int32_t)points->origin_y * LMK_POINT_SCALE;
    xyz[2] = lmk_i16(row + 4);
}

/* Evidence `index` of an EVENT: its name with a zero after it, and its value in thousandths. */
static inline int32_t lmk_evidence(const lmk_event *event, uint16_t index, char name[17])
{
    const uint8_t *row = event->rows + (size_t)index * @EVENT_ROW@;
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
