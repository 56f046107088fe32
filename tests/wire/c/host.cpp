/* Runs the sketch on the host: one pass over standard input, then two seconds of silence. Prints the lamp. */
#include "Arduino.h"

unsigned long host_ms = 5000;
int host_lamp = -1;
HostSerial Serial, Serial1;

#include "attention_lamp.ino"

int main()
{
    setup();
    loop();
    printf("lamp %d\n", host_lamp);
    int flashes = 0, last = 0;
    for (unsigned long i = 0; i < 2000; i++) {
        host_ms = 7000 + i;
        loop();
        flashes += host_lamp && !last;
        last = host_lamp;
    }
    printf("flashes %d\n", flashes);
    return 0;
}
