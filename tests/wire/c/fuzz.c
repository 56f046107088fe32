/*
 * Feeds the decoder invalid input: random bytes, and damaged messages, some of them with a valid checksum.
 * Built with the address and undefined behaviour sanitizers, which end it at the first fault.
 *
 *     fuzz SEED ROUNDS < good messages as a serial stream
 */
#include <stdio.h>
#include <stdlib.h>

#include "landmarkd_text.h"

enum { SEEDS = 64, SIZE = 300 };
static uint8_t seeds[SEEDS][SIZE];
static size_t sizes[SEEDS], count;
static uint64_t state;

static uint32_t rnd(uint32_t below) /* xorshift64*, Vigna 2016 */
{
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ull) >> 33) % below;
}

static void read_seeds(void)
{
    uint8_t frame[SIZE];
    size_t n = 0;
    int c;
    while ((c = getchar()) != EOF && count < SEEDS) {
        if (c != 0) {
            if (n < SIZE) frame[n++] = (uint8_t)c;
            continue;
        }
        memcpy(seeds[count], frame, n);
        sizes[count] = lmk_unstuff(seeds[count], n);
        if (sizes[count] > 0) count++;
        n = 0;
    }
}

static size_t damage(uint8_t *data, size_t size)
{
    for (uint32_t times = rnd(4); times > 0 && size > 0; times--) {
        switch (rnd(4)) {
        case 0: data[rnd((uint32_t)size)] ^= (uint8_t)(1u << rnd(8)); break;
        case 1: data[rnd((uint32_t)size)] = (uint8_t)rnd(256); break;
        case 2: size = rnd((uint32_t)size + 1); break;
        default:
            if (size + 8 < SIZE)
                for (int i = 0; i < 8; i++) data[size++] = (uint8_t)rnd(256);
        }
    }
    if (size >= 2 && rnd(2)) {
        uint16_t crc = lmk_crc(data, size - 2);
        data[size - 2] = (uint8_t)(crc & 0xFF);
        data[size - 1] = (uint8_t)(crc >> 8);
    }
    return size;
}

static void use(const lmk_message *message, FILE *sink)
{
    int32_t xyz[3];
    lmk_print(sink, message);
    if (message->type == LMK_POINTS)
        for (uint16_t i = 0; i < message->as.points.row_count; i++) lmk_point(&message->as.points, i, xyz);
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    state = strtoull(argv[1], NULL, 10) * 2 + 1;
    long rounds = strtol(argv[2], NULL, 10);
    static lmk_stream stream;
    static const lmk_stream fresh;
    FILE *sink = fopen("/dev/null", "w");
    lmk_message message;
    unsigned long good = 0;

    read_seeds();
    if (count == 0 || sink == NULL) return 2;
    for (long round = 0; round < rounds; round++) {
        /* A copy of just the size, on the heap: the sanitizer sees a single byte too far. */
        uint8_t data[SIZE];
        uint32_t pick = rnd((uint32_t)count);
        size_t size = sizes[pick];
        memcpy(data, seeds[pick], size);
        size = damage(data, size);
        uint8_t *exact = malloc(size ? size : 1);
        if (exact == NULL) return 2;
        memcpy(exact, data, size);
        if (lmk_decode(exact, size, &message) > LMK_NOTHING) use(&message, sink), good++;
        for (size_t i = 0; i < size; i++)
            if (lmk_feed(&stream, exact[i], &message) > LMK_NOTHING) use(&message, sink), good++;
        free(exact);
        if (rnd(1000) == 0) stream = fresh;
    }
    fclose(sink);
    printf("%lu of %ld rounds gave a message\n", good, rounds);
    return 0;
}
