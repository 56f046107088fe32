"""Numbers of a STATUS as ESPHome sensors."""

import esphome.codegen as cg
import esphome.config_validation as cv
from esphome.components import sensor
from esphome.const import STATE_CLASS_MEASUREMENT, UNIT_DEGREES, UNIT_PERCENT

from . import CONF_LANDMARKD_ID, Landmarkd

# Name: unit, decimals.
SENSORS = {
    "yaw": (UNIT_DEGREES, 1),
    "pitch": (UNIT_DEGREES, 1),
    "roll": (UNIT_DEGREES, 1),
    "distance": ("mm", 0),
    "openness_left": (UNIT_PERCENT, 0),
    "openness_right": (UNIT_PERCENT, 0),
    "perclos": (UNIT_PERCENT, 1),
    "drowsiness": (None, 0),
    "level": (None, 0),
    "lost": (None, 0),
}


def schema(unit, decimals):
    """Return the schema of one sensor; a missing unit is left out."""
    options = {} if unit is None else {"unit_of_measurement": unit}
    return sensor.sensor_schema(
        accuracy_decimals=decimals, state_class=STATE_CLASS_MEASUREMENT, **options
    )


CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(CONF_LANDMARKD_ID): cv.use_id(Landmarkd),
        **{cv.Optional(name): schema(*kind) for name, kind in SENSORS.items()},
    }
)


async def to_code(config):
    """Write the C++ that gives the component its sensors."""
    parent = await cg.get_variable(config[CONF_LANDMARKD_ID])
    for name in SENSORS:
        if name in config:
            cg.add(getattr(parent, f"set_{name}_sensor")(await sensor.new_sensor(config[name])))
