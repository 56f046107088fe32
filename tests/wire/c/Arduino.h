/* As much of an Arduino as the example needs, on the host: the serial line is standard input. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <cstdint>
#include <cstdio>

enum { LOW = 0, HIGH = 1, OUTPUT = 1, LED_BUILTIN = 13 };

extern unsigned long host_ms;
extern int host_lamp;

static inline unsigned long millis() { return host_ms; }
static inline void pinMode(int, int) {}
static inline void digitalWrite(int, int value) { host_lamp = value; }

struct HostSerial {
    void begin(long) {}
    int available() { return !feof(stdin) && peek() != EOF; }
    int read() { return getchar(); }
    int peek() { int c = getchar(); return c == EOF ? EOF : ungetc(c, stdin); }
    void print(const char *text) { fputs(text, stdout); }
    void println(double value) { printf("%.2f\n", value); }
};

extern HostSerial Serial, Serial1;

#endif
