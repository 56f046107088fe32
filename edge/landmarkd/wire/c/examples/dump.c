/*
 * Prints each message of a serial line, like `landmarkd listen --messages`:
 *
 *     cc -std=c99 -I.. dump.c -o dump && stty -F /dev/ttyUSB0 921600 raw -echo && ./dump < /dev/ttyUSB0
 */
#include <stdio.h>

#include "landmarkd_text.h"

int main(void)
{
    static lmk_stream stream;
    lmk_message message;
    int byte;

    /* Not in larger pieces: a slow line needs seconds for some kilobytes. */
    while ((byte = getchar()) != EOF)
        if (lmk_feed(&stream, (uint8_t)byte, &message) > LMK_NOTHING) {
            lmk_print(stdout, &message);
            fflush(stdout);
        }

    fprintf(stderr, "%lu messages; %lu missing, %lu rejected (checksum %lu, foreign %lu, malformed %lu, garbled %lu).\n",
            (unsigned long)stream.packets, (unsigned long)stream.missing,
            (unsigned long)(stream.bad_checksum + stream.foreign + stream.malformed + stream.garbled),
            (unsigned long)stream.bad_checksum, (unsigned long)stream.foreign, (unsigned long)stream.malformed,
            (unsigned long)stream.garbled);
    return stream.packets > 0 ? 0 : 1;
}
