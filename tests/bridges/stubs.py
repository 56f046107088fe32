"""ESPHome's classes as far as the component uses them, and a program that prints what it publishes.

A line of standard input is a command: `feed HEX`, `loop`, `update`, `wait MS`. These stand-ins
    prove nothing about ESPHome itself; bridges/README.md says what was tried with it.
"""

HEADERS = {
    "esphome/core/defines.h": """
#pragma once
#define USE_SENSOR
#define USE_BINARY_SENSOR
#define USE_TEXT_SENSOR
""",
    "esphome/core/hal.h": """
#pragma once
#include <cstdint>
uint32_t millis();
""",
    "esphome/core/log.h": """
#pragma once
#define ESP_LOGCONFIG(tag, ...) (void) tag
#define LOG_UPDATE_INTERVAL(component)
""",
    "esphome/core/component.h": """
#pragma once
struct PollingComponent {
  virtual ~PollingComponent() = default;
  virtual void loop() {}
  virtual void update() = 0;
  virtual void dump_config() {}
};
""",
    "esphome/components/uart/uart.h": """
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
namespace uart {
struct UARTDevice {
  std::deque<uint8_t> bytes;
  size_t available() { return bytes.size(); }
  bool read_byte(uint8_t *byte) { *byte = bytes.front(); bytes.pop_front(); return true; }
};
}
""",
    "esphome/components/sensor/sensor.h": """
#pragma once
#include <cstdio>
namespace sensor {
struct Sensor {
  const char *name;
  void publish_state(float value) { std::printf("%s=%.2f ", name, value); }
};
}
#define SUB_SENSOR(name) protected: sensor::Sensor *name##_sensor_{nullptr}; \\
  public: void set_##name##_sensor(sensor::Sensor *value) { name##_sensor_ = value; }
""",
    "esphome/components/binary_sensor/binary_sensor.h": """
#pragma once
#include <cstdio>
namespace binary_sensor {
struct BinarySensor {
  const char *name;
  void publish_state(bool value) { std::printf("%s=%d ", name, value); }
};
}
#define SUB_BINARY_SENSOR(name) \\
  protected: binary_sensor::BinarySensor *name##_binary_sensor_{nullptr}; \\
  public: void set_##name##_binary_sensor(binary_sensor::BinarySensor *value) { \\
    name##_binary_sensor_ = value; }
""",
    "esphome/components/text_sensor/text_sensor.h": """
#pragma once
#include <cstdio>
namespace text_sensor {
struct TextSensor {
  const char *name;
  void publish_state(const char *value) { std::printf("%s=%s ", name, value); }
};
}
#define SUB_TEXT_SENSOR(name) \\
  protected: text_sensor::TextSensor *name##_text_sensor_{nullptr}; \\
  public: void set_##name##_text_sensor(text_sensor::TextSensor *value) { \\
    name##_text_sensor_ = value; }
""",
}

NUMBERS = "yaw pitch roll distance openness_left openness_right perclos drowsiness level lost"
SETTERS = {
    "sensor::Sensor": ("sensor", NUMBERS),
    "binary_sensor::BinarySensor": ("binary_sensor", "online face camera_problem"),
    "text_sensor::TextSensor": ("text_sensor", "attention"),
}


def program() -> str:
    """Return the C++ of the program."""
    sensors = "".join(
        f'  static {kind} {name}{{"{name}"}}; unit.set_{name}_{suffix}(&{name});\n'
        for kind, (suffix, names) in SETTERS.items()
        for name in names.split()
    )
    return f"""
#include <iostream>
#include <string>
#include "landmarkd.h"
static uint32_t now_ms = 0;
uint32_t millis() {{ return now_ms; }}
int main() {{
  static esphome::landmarkd::Landmarkd unit;
{sensors}
  std::string command, text;
  while (std::cin >> command) {{
    if (command == "loop") unit.loop();
    else if (command == "update") {{ unit.update(); std::puts(""); }}
    else if (std::cin >> text; command == "wait") now_ms += std::stoul(text);
    else for (size_t at = 0; at < text.size(); at += 2)
      unit.bytes.push_back(std::stoul(text.substr(at, 2), nullptr, 16));
  }}
}}
"""
