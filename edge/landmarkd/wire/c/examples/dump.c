/*
 * Prints each message of a serial line, like `landmarkd listen --messages`:
 *
 *     cc -std=c99 -I.. dump.c -o dump && stty -F /dev/ttyUSB0 921600 raw && ./dump < /dev/ttyUSB0
 */
#include <stdio.h>

#include "landmarkd_text.h"

int main(void)
{
    static lmk_stream stream;
    static uint8_t bytes[4096];
    lmk_message message;
    size_t size;

    while ((size = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        for (size_t i = 0; i < size; i++)
            if (lmk_feed(&stream, bytes[i], &message) > LMK_NOTHING) lmk_print(stdout, &message);

    fprintf(stderr, "%lu messages; %lu missing, %lu rejected (checksum %lu, foreign %lu, malformed %lu, garbled %lu).\n",
            (unsigned long)stream.packets, (unsigned long)stream.missing,
            (unsigned long)(stream.bad_checksum + stream.foreign + stream.malformed + stream.garbled),
            (unsigned long)stream.bad_checksum, (unsigned long)stream.foreign, (unsigned long)stream.malformed,
            (unsigned long)stream.garbled);
    return stream.packets > 0 ? 0 : 1;
}
