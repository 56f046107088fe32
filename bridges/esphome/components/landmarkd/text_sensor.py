"""The driver's attention as an ESPHome text sensor."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import text_sensor

from . import CONF_LANDMARKD_ID, Landmarkd

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(CONF_LANDMARKD_ID): cv.use_id(Landmarkd),
        cv.Optional("attention"): text_sensor.text_sensor_schema(),
    }
)


async def to_code(config):
    """Write the C++ that gives the component its text."""
    parent = await cg.get_variable(config[CONF_LANDMARKD_ID])
    if "attention" in config:
        cg.add(
            parent.set_attention_text_sensor(await text_sensor.new_text_sensor(config["attention"]))
        )
