/*
 * A lamp that tells how the driver is, for any board with a second serial port at 115200 baud:
 * off while attentive, slow blinking when distracted or drowsy, fast blinking from warning upwards,
 * two short flashes every two seconds while attention is unknown, and one short flash every second
 * when nothing was heard: silence means dead.
 */
#include "landmarkd_wire.h"

static const unsigned long SILENCE_MS = 1000;
static const int LAMP = LED_BUILTIN;

static lmk_stream stream;
static unsigned long heard_ms;
static uint8_t level, attention;
static bool driver_known;

void setup()
{
    pinMode(LAMP, OUTPUT);
    Serial.begin(115200);
    Serial1.begin(115200);
}

static void take(const lmk_message *message)
{
    if (message->type != LMK_STATUS) return;
    const lmk_status *status = &message->as.status;
    heard_ms = millis();
    level = status->level;
    attention = status->attention;
    driver_known = (status->flags & LMK_STATUS_FLAG_DRIVER) != 0;
    if (status->flags & LMK_STATUS_FLAG_FACE) {
        Serial.print("yaw ");
        Serial.println(status->yaw / (float)LMK_STATUS_YAW_SCALE);
    }
}

static bool lamp(unsigned long now_ms)
{
    if (now_ms - heard_ms > SILENCE_MS) return now_ms % 1000 < 50;
    if (!driver_known) return false;
    if (level < 2) {
        if (attention == LMK_ATTENTION_ATTENTIVE) return false;
        if (attention == LMK_ATTENTION_UNKNOWN) return now_ms % 2000 < 50 || (now_ms + 1800) % 2000 < 50;
    }
    return level >= 2 ? now_ms % 200 < 100 : now_ms % 1000 < 500;
}

void loop()
{
    lmk_message message;
    while (Serial1.available() > 0)
        if (lmk_feed(&stream, (uint8_t)Serial1.read(), &message) > LMK_NOTHING) take(&message);
    digitalWrite(LAMP, lamp(millis()) ? HIGH : LOW);
}
