"""Yes or no of a STATUS as ESPHome binary sensors."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import binary_sensor
from esphome.const import DEVICE_CLASS_CONNECTIVITY, DEVICE_CLASS_OCCUPANCY, DEVICE_CLASS_PROBLEM

from . import CONF_LANDMARKD_ID, Landmarkd

SENSORS = {
    "online": DEVICE_CLASS_CONNECTIVITY,
    "face": DEVICE_CLASS_OCCUPANCY,
    "camera_problem": DEVICE_CLASS_PROBLEM,
}

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(CONF_LANDMARKD_ID): cv.use_id(Landmarkd),
        **{
            cv.Optional(name): binary_sensor.binary_sensor_schema(device_class=kind)
            for name, kind in SENSORS.items()
        },
    }
)


async def to_code(config):
    """Write the C++ that gives the component its sensors."""
    parent = await cg.get_variable(config[CONF_LANDMARKD_ID])
    for name in SENSORS:
        if name in config:
            made = await binary_sensor.new_binary_sensor(config[name])
            cg.add(getattr(parent, f"set_{name}_binary_sensor")(made))
