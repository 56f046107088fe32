"""ESPHome component: head pose and driver state of a landmarkd on a UART."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import uart
from esphome.const import CONF_ID, CONF_TIMEOUT

CODEOWNERS = []
DEPENDENCIES = ["uart"]
MULTI_CONF = True
CONF_LANDMARKD_ID = "landmarkd_id"

landmarkd_ns = cg.esphome_ns.namespace("landmarkd")
Landmarkd = landmarkd_ns.class_("Landmarkd", cg.PollingComponent, uart.UARTDevice)

CONFIG_SCHEMA = (
    cv.Schema(
        {
            cv.GenerateID(): cv.declare_id(Landmarkd),
            cv.Optional(CONF_TIMEOUT, default="2s"): cv.positive_time_period_milliseconds,
        }
    )
    .extend(cv.polling_component_schema("500ms"))
    .extend(uart.UART_DEVICE_SCHEMA)
)
FINAL_VALIDATE_SCHEMA = uart.final_validate_device_schema("landmarkd", require_rx=True)


async def to_code(config):
    """Write the C++ that makes and registers the component."""
    var = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(var, config)
    await uart.register_uart_device(var, config)
    cg.add(var.set_timeout_ms(config[CONF_TIMEOUT]))
