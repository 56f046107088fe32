#include "landmarkd.h"

#include <cmath>

#include "esphome/core/hal.h"
#include "esphome/core/log.h"

namespace esphome {
namespace landmarkd {

static const char *const TAG = "landmarkd";
#ifdef USE_TEXT_SENSOR
static const char *const ATTENTION[] = {"unknown", "attentive",    "distracted", "drowsy",
                                        "asleep",  "unresponsive", "absent",     "blocked"};
#endif

#ifdef USE_SENSOR
static void publish(sensor::Sensor *sensor, bool known, float value) {
  if (sensor != nullptr)
    sensor->publish_state(known ? value : NAN);
}
#endif
#ifdef USE_BINARY_SENSOR
static void publish(binary_sensor::BinarySensor *sensor, bool value) {
  if (sensor != nullptr)
    sensor->publish_state(value);
}
#endif

void Landmarkd::loop() {
  uint8_t byte;
  while (this->available() > 0 && this->read_byte(&byte)) {
    int type = lmk_feed(&this->stream_, byte, &this->message_);
    if (type == LMK_STATUS) {
      this->status_ = this->message_.as.status;
      this->heard_ms_ = millis();
      this->fresh_ = true;
    } else if (type == LMK_BYE) {
      this->fresh_ = false;
      this->publish_offline_();
    }
  }
}

void Landmarkd::update() {
  if (this->fresh_) {
    this->fresh_ = false;
    this->online_ = true;
    this->publish_status_(this->status_);
  } else if (!this->online_ || millis() - this->heard_ms_ > this->timeout_ms_) {
    this->publish_offline_();
  }
}

void Landmarkd::publish_status_(const lmk_status &status) {
  const bool face = (status.flags & LMK_STATUS_FLAG_FACE) != 0;
  const bool driver = (status.flags & LMK_STATUS_FLAG_DRIVER) != 0;
#ifdef USE_SENSOR
  publish(this->yaw_sensor_, face, status.yaw / (float) LMK_STATUS_YAW_SCALE);
  publish(this->pitch_sensor_, face, status.pitch / (float) LMK_STATUS_PITCH_SCALE);
  publish(this->roll_sensor_, face, status.roll / (float) LMK_STATUS_ROLL_SCALE);
  publish(this->distance_sensor_, face, std::sqrt((float) status.x * status.x + (float) status.y * status.y +
                                                  (float) status.z * status.z));
  publish(this->openness_left_sensor_, face && status.openness_left != 255,
          status.openness_left * 100.0f / LMK_STATUS_OPENNESS_LEFT_SCALE);
  publish(this->openness_right_sensor_, face && status.openness_right != 255,
          status.openness_right * 100.0f / LMK_STATUS_OPENNESS_RIGHT_SCALE);
  publish(this->perclos_sensor_, driver && status.perclos != 255,
          status.perclos * 100.0f / LMK_STATUS_PERCLOS_SCALE);
  publish(this->drowsiness_sensor_, driver, status.drowsiness);
  publish(this->level_sensor_, driver, status.level);
  publish(this->lost_sensor_, true, this->stream_.missing);
#endif
#ifdef USE_BINARY_SENSOR
  publish(this->online_binary_sensor_, this->online_);
  publish(this->face_binary_sensor_, face);
  publish(this->camera_problem_binary_sensor_, (status.flags & LMK_STATUS_FLAG_DEGRADED_CAMERA) != 0);
#endif
#ifdef USE_TEXT_SENSOR
  if (this->attention_text_sensor_ != nullptr) {
    const size_t count = sizeof ATTENTION / sizeof *ATTENTION;
    const size_t index = driver && status.attention < count ? status.attention : 0;
    this->attention_text_sensor_->publish_state(ATTENTION[index]);
  }
#endif
}

// Nobody knows anything when the line is silent: the numbers go, the old ones would be believed.
void Landmarkd::publish_offline_() {
  const bool was_online = this->online_;
  this->online_ = false;
  if (was_online) {
    lmk_status nothing{};
    nothing.perclos = nothing.openness_left = nothing.openness_right = 255;
    this->publish_status_(nothing);
  }
#ifdef USE_BINARY_SENSOR
  publish(this->online_binary_sensor_, false);
#endif
}

void Landmarkd::dump_config() {
  ESP_LOGCONFIG(TAG, "landmarkd: wire %d, offline after %u ms of silence", LMK_VERSION, (unsigned) this->timeout_ms_);
  LOG_UPDATE_INTERVAL(this);
}

}  // namespace landmarkd
}  // namespace esphome
