// Head pose and driver state of a landmarkd on a UART, as sensors of ESPHome.
#pragma once

#include "esphome/components/uart/uart.h"
#include "esphome/core/component.h"
#include "esphome/core/defines.h"
#ifdef USE_BINARY_SENSOR
#include "esphome/components/binary_sensor/binary_sensor.h"
#endif
#ifdef USE_SENSOR
#include "esphome/components/sensor/sensor.h"
#endif
#ifdef USE_TEXT_SENSOR
#include "esphome/components/text_sensor/text_sensor.h"
#endif

#include "landmarkd_wire.h"

namespace esphome {
namespace landmarkd {

class Landmarkd : public PollingComponent, public uart::UARTDevice {
#ifdef USE_SENSOR
  SUB_SENSOR(yaw)
  SUB_SENSOR(pitch)
  SUB_SENSOR(roll)
  SUB_SENSOR(distance)
  SUB_SENSOR(openness_left)
  SUB_SENSOR(openness_right)
  SUB_SENSOR(perclos)
  SUB_SENSOR(drowsiness)
  SUB_SENSOR(level)
  SUB_SENSOR(lost)
#endif
#ifdef USE_BINARY_SENSOR
  SUB_BINARY_SENSOR(online)
  SUB_BINARY_SENSOR(face)
  SUB_BINARY_SENSOR(camera_problem)
#endif
#ifdef USE_TEXT_SENSOR
  SUB_TEXT_SENSOR(attention)
#endif

 public:
  void set_timeout_ms(uint32_t timeout_ms) { this->timeout_ms_ = timeout_ms; }
  void loop() override;         // takes the bytes that have come
  void update() override;       // publishes the newest STATUS; what is not known is NAN
  void dump_config() override;

 protected:
  void publish_status_(const lmk_status &status);
  void publish_offline_();

  lmk_stream stream_{};
  lmk_message message_{};
  lmk_status status_{};
  bool fresh_{false};
  bool online_{false};
  uint32_t heard_ms_{0};
  uint32_t timeout_ms_{2000};
};

}  // namespace landmarkd
}  // namespace esphome
