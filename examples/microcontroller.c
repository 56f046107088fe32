/* A microcontroller on the serial line: prints the head's yaw where a servo would turn.
 *
 * Here the bytes come from standard input, so that it runs on any computer:
 *
 *     cc -I edge/landmarkd/wire/c examples/microcontroller.c -o microcontroller
 *     stty -F /dev/ttyUSB0 921600 raw -echo && ./microcontroller </dev/ttyUSB0
 *
 * On the device: landmarkd run --sink serial:///dev/ttyAMA0?baud=921600
 */
#include <stdio.h>

#include "landmarkd_wire.h"

int main(void)
{
    static lmk_stream stream; /* all zero to begin with */
    lmk_message message;
    int byte;
    while ((byte = getchar()) != EOF) {
        if (lmk_feed(&stream, (uint8_t)byte, &message) != LMK_STATUS)
            continue;
        if (message.as.status.flags & LMK_STATUS_FLAG_FACE)
            printf("yaw %.1f\n", message.as.status.yaw / (double)LMK_STATUS_YAW_SCALE);
        else
            printf("no face\n");
        fflush(stdout);
    }
    return 0;
}
